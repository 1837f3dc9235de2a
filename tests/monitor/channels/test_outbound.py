"""The outbound door, against a real receiver."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from monitor.channels.addresses import Address, parse_networks
from monitor.channels.outbound import Door, Forbidden, Unreachable, check_url
from tests.monitor.channels.receiver import Receiver, answer, receiving, trickle
from tests.monitor.channels.test_addresses import HOSTILE

LOOPBACK = parse_networks(["127.0.0.0/8", "::1"])
TLS = Path(__file__).parent / "tls"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(answer(200)) as one:
        yield one


def open_door(**fields: Any) -> Door:
    return Door(**{"allowed": LOOPBACK, "timeout_seconds": 5.0, **fields})


def post(door: Door, url: str) -> Any:
    return door.post(url, headers={"X-Test": "1"}, body=b"{}")


def resolves_to(*addresses: str) -> Any:
    def resolve(host: str, port: int) -> list[Address]:
        return [ip_address(one) for one in addresses]

    return resolve


def test_it_posts_and_brings_the_answer(receiver: Receiver) -> None:
    receiver.respond = answer(202, b"thanks", Retry_After="7")
    got = post(open_door(), f"{receiver.url}?a=1&b=2")
    assert (got.status, got.body, got.retry_after) == (202, b"thanks", "7")
    (request,) = receiver.requests
    assert (request.path, request.body, request.headers["x-test"]) == ("/hook?a=1&b=2", b"{}", "1")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("address", HOSTILE)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    door = Door(resolve=resolves_to(address))
    with pytest.raises(Forbidden, match="not a public address"):
        post(door, "http://innocent.example/")


def test_one_inside_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Forbidden):
        post(Door(resolve=resolves_to("1.1.1.1", "10.0.0.1")), "http://innocent.example/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "",
        "http://",
        "http:///path",
        "http://user:secret@example.com/",
        "http://user@example.com/",
        "http://@example.com/",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://[::1",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1%25lo]/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://exa mple.com/",
        "http://example.com/\r\nHost: other",
        "http://example.com\\@127.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://exämple.com/",
        "\x00http://example.com/",
    ],
)
def test_what_is_no_plain_public_url_is_refused_before_any_network(url: str) -> None:
    with pytest.raises(Forbidden):
        check_url(url)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "017700000001", "localhost", "0"]
)
def test_an_address_in_disguise_is_refused_once_it_is_resolved(host: str) -> None:
    with pytest.raises((Forbidden, Unreachable)):
        post(Door(), f"http://{host}:1/")


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.respond = answer(302, Location=f"http://127.0.0.1:{receiver.port}/elsewhere")
    assert post(open_door(), receiver.url).status == 302
    assert [request.path for request in receiver.requests] == ["/hook"]


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(open_door(), receiver.url).status == 200


def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    """A second resolution, as a rebinding name would answer it, never happens."""
    answers = iter([[ip_address("127.0.0.1")]])
    door = open_door(resolve=lambda host, port: next(answers))
    assert post(door, f"http://receiver.test:{receiver.port}/").status == 200
    assert receiver.requests[0].headers["host"] == f"receiver.test:{receiver.port}"


def test_it_goes_on_to_the_next_address_where_one_refuses(receiver: Receiver) -> None:
    door = open_door(resolve=resolves_to("::1", "127.0.0.1"))
    assert post(door, f"http://receiver.test:{receiver.port}/").status == 200


def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    receiver.respond = answer(200, b"x" * 5_000_000)
    assert post(open_door(), receiver.url).body == b"x" * 500


def test_a_dribbling_answer_ends_at_the_deadline(receiver: Receiver) -> None:
    receiver.respond = trickle(lambda: receiver.over)
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"no whole answer within 0\.5 s"):
        post(open_door(timeout_seconds=0.5), receiver.url)
    assert time.monotonic() - began < 3


def test_a_silent_receiver_ends_at_the_deadline(receiver: Receiver) -> None:
    receiver.respond = lambda handler: receiver.over.wait(20) and None
    with pytest.raises(Unreachable, match="no whole answer"):
        post(open_door(timeout_seconds=0.3), receiver.url)


def test_a_resolver_that_hangs_ends_at_the_deadline(receiver: Receiver) -> None:
    def hang(host: str, port: int) -> list[Address]:
        receiver.over.wait(20)
        return []

    with pytest.raises(Unreachable, match="not resolved in time"):
        post(open_door(timeout_seconds=0.2, resolve=hang), "http://receiver.test/")


def test_no_listener_no_name_and_no_http_are_said_plainly(receiver: Receiver) -> None:
    port = receiver.port
    receiver.respond = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n") and None
    with pytest.raises(Unreachable, match="Protocol"):
        post(open_door(), receiver.url)
    with pytest.raises(Unreachable, match="ConnectError"):
        post(open_door(resolve=resolves_to("::1")), f"http://receiver.test:{port}/")
    with pytest.raises(Unreachable, match="not resolved"):
        post(open_door(), "http://no-such-name.invalid/")
    with pytest.raises(Unreachable, match="no address"):
        post(open_door(resolve=resolves_to()), "http://receiver.test/")


@pytest.fixture
def secure_receiver() -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "receiver.pem", TLS / "receiver.key")
    with receiving(answer(200), tls=context) as one:
        yield one


def test_tls_is_verified_against_the_name(secure_receiver: Receiver) -> None:
    trusting = ssl.create_default_context(cafile=TLS / "ca.pem")
    door = open_door(tls=trusting, resolve=resolves_to("127.0.0.1"))
    assert post(door, f"https://receiver.test:{secure_receiver.port}/").status == 200
    assert secure_receiver.requests[0].headers["host"] == f"receiver.test:{secure_receiver.port}"
    with pytest.raises(Unreachable, match="certificate verify failed"):
        post(door, f"https://other.test:{secure_receiver.port}/")
    with pytest.raises(Unreachable, match="certificate verify failed"):
        post(open_door(resolve=resolves_to("127.0.0.1")), f"https://receiver.test:{secure_receiver.port}/")
    assert len(secure_receiver.requests) == 1
