"""The one door through which requests leave: it reaches public addresses and nothing else.

A receiver's URL is a stranger's text. So each send resolves the name anew, refuses unless every
answer is permitted, and connects to an address that was checked, not to the name; TLS is verified
against the name. It follows no redirect, uses no proxy, and bounds time and size.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Thread
from urllib.parse import urlsplit

import certifi
import httpcore

from monitor.channels.addresses import Address, Network, literal, permitted
from monitor.channels.pinned import Overtime, PinnedBackend

ANSWER_LIMIT_BYTES = 64 * 1024
KEPT_BYTES = 500
_PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Sequence[Address]]


class Forbidden(ValueError):
    """The URL may not be reached, now or later: the message says why."""


class Unreachable(Exception):
    """No answer came this time: the message says what went wrong, without the request."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL: `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: the status, the Retry-After header as sent, the body's first bytes."""

    status: int
    retry_after: str | None
    body: bytes


def check_url(url: str, allowed: Collection[Network] = ()) -> Target:
    """Takes a URL apart; raises Forbidden unless it is plain http(s) without credentials.

    A host written as an address is checked at once; a name only when it is resolved, at each send.
    """
    if not url.isascii() or any(char <= " " or char in "\\\x7f" for char in url):
        raise Forbidden("The URL holds a space, a backslash or a character that is not ASCII: encode it.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Forbidden("The URL cannot be read.") from error
    if parts.scheme not in _PORTS:
        raise Forbidden("Only http:// and https:// URLs can be reached.")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("The URL holds credentials: requests are signed instead, leave them out.")
    if not host:
        raise Forbidden("The URL has no host.")
    address = literal(host)
    if address is not None:
        _demand(address, allowed)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def resolve(host: str, port: int) -> list[Address]:
    """Every address of a name by the system's resolver; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(place[4][0]).partition("%")[0]) for place in found))


@dataclass(frozen=True, slots=True)
class Door:
    """Sends requests out; `timeout_seconds` bounds each request in all, resolving included."""

    allowed: tuple[Network, ...] = ()
    timeout_seconds: float = 10.0
    resolve: Resolve = resolve
    tls: ssl.SSLContext = field(default_factory=lambda: ssl.create_default_context(cafile=certifi.where()))

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """One POST; raises Forbidden for a URL or address that is refused, Unreachable for no answer."""
        deadline = time.monotonic() + self.timeout_seconds
        target = check_url(url, self.allowed)
        addresses = self._addresses(target, deadline)
        try:
            return self._exchange(target, PinnedBackend(addresses, deadline), headers, body)
        except Overtime as error:
            raise Unreachable(f"no whole answer within {self.timeout_seconds:g} s") from error
        except ssl.SSLError as error:
            raise Unreachable(f"TLS: {error.reason or type(error).__name__}") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {str(error)[:200]}".rstrip(": ")) from error

    def _addresses(self, target: Target, deadline: float) -> list[Address]:
        found = _within(deadline, lambda: self.resolve(target.host, target.port))
        if not found:
            raise Unreachable("the name has no address")
        for address in found:
            _demand(address, self.allowed)
        return list(found)

    def _exchange(self, target: Target, backend: PinnedBackend, headers: Mapping[str, str], body: bytes) -> Answer:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        sent = [("Host", _host_header(target)), ("Content-Length", str(len(body))), *headers.items()]
        connection = httpcore.HTTPConnection(url.origin, ssl_context=self.tls, network_backend=backend)
        with connection, connection.stream("POST", url, headers=sent, content=body) as response:
            answered = {name.lower(): value for name, value in response.headers}
            retry_after = answered.get(b"retry-after")
            return Answer(
                status=response.status,
                retry_after=retry_after.decode("ascii", "replace")[:100] if retry_after is not None else None,
                body=_first_bytes(response),
            )


def _demand(address: Address, allowed: Collection[Network]) -> None:
    if not permitted(address, allowed):
        raise Forbidden(
            f"{address} is not a public address. Where the receiver is inside your own network,"
            " list that network in OUTBOUND_ALLOWED_NETWORKS."
        )


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == _PORTS[target.scheme] else f"{host}:{target.port}"


def _first_bytes(response: httpcore.Response) -> bytes:
    read, kept = 0, b""
    for chunk in response.iter_stream():
        kept = (kept + chunk)[:KEPT_BYTES]
        read += len(chunk)
        if read >= ANSWER_LIMIT_BYTES:
            break
    return kept


def _within(deadline: float, call: Callable[[], Sequence[Address]]) -> Sequence[Address]:
    """Runs the system's resolver, which knows no deadline, beside us, and stops waiting at ours."""
    outcome: list[Sequence[Address]] = []
    failure: list[OSError] = []

    def work() -> None:
        try:
            outcome.append(call())
        except OSError as error:
            failure.append(error)
        except UnicodeError:
            failure.append(OSError("the name is not one"))

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if outcome:
        return outcome[0]
    raise Unreachable("the name was not resolved" + ("" if failure else " in time"))
