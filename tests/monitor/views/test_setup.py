"""The set-up page: from nothing to a first event and a first alert."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django.live_server_helper import LiveServer

from monitor.models import ApiKey, Channel, DeliveryAttempt, Event, Notification, Project
from monitor.queries import snippets
from monitor.queries.projects import key_of_token
from tests.factories import (
    make_api_key,
    make_channel,
    make_event,
    make_notification,
    make_project,
    make_run,
    make_user,
)

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror="alert(1)">'
HTMX = {"HX-Request": "true"}


def signed_in(project: Project, role: str = "admin") -> Client:
    client = Client()
    client.force_login(make_user(project=project, role=role))
    return client


@pytest.fixture(autouse=True)
def _reachable(settings: LazySettings) -> None:
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]


def made_key(client: Client) -> tuple[str, str]:
    """The token that the answer shows, and the whole answer."""
    answer = client.post("/setup/keys/", {"name": "checkout workers", "scopes": ["ingest"]})
    page = answer.content.decode()
    shown = re.search(r'id="token">(ct_\w+)</pre>', page)
    assert shown is not None
    assert answer.headers["Cache-Control"] == "no-store"
    return shown[1], page


def test_a_key_is_shown_once_and_works() -> None:
    project = make_project()
    client = signed_in(project)
    token, _ = made_key(client)
    key = key_of_token(token, timezone.now())
    assert key is not None
    assert (key.project, key.scopes, key.name) == (project, ["ingest"], "checkout workers")
    page = client.get("/setup/").content.decode()
    assert token not in page
    assert f"<code>{key.prefix}…</code>" in page
    assert "never used" in page


def test_the_curl_to_copy_sends_an_event_that_is_accepted() -> None:
    token, page = made_key(signed_in(make_project()))
    pasted = snippets.curl("http://testserver", token)
    assert escape(pasted) in page
    arguments = in_a_shell(pasted)
    headers = dict(each.split(": ", 1) for each in after(arguments, "-H"))
    [body] = after(arguments, "-d")
    answer = Client().post(
        "/api/v1/events",
        body,
        content_type=headers["Content-Type"],
        headers={"Authorization": headers["Authorization"]},
    )
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert "http://testserver/api/v1/events" in arguments


def in_a_shell(command: str) -> list[str]:
    """The arguments that a POSIX shell hands to curl."""
    program = "curl() { printf '%s\\0' \"$@\"; }\n" + command
    done = subprocess.run(["sh", "-euc", program], capture_output=True, check=True, timeout=10)
    return done.stdout.decode().split("\0")[:-1]


def after(arguments: list[str], flag: str) -> list[str]:
    """What stands behind each of these flags."""
    return [value for name, value in pairwise(arguments) if name == flag]


@pytest.mark.django_db(transaction=True)
def test_the_python_to_copy_sends_an_event_that_is_accepted(
    live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project()
    _, token = make_api_key(project=project, scopes=("ingest",))
    exec(compile(snippets.python(live_server.url, token), "pasted", "exec"), {})
    assert capsys.readouterr().out.startswith('202 {"accepted":1')
    assert Event.objects.get(project=project).workflow == "hello"


def test_waiting_turns_into_the_first_event_by_itself() -> None:
    project = make_project()
    client = signed_in(project)
    page = client.get("/setup/").content.decode()
    assert "Waiting for your first event" in page
    assert 'hx-get="/setup/waiting/"' in page
    assert client.get("/setup/waiting/", headers=HTMX).status_code == 204
    make_event(run=make_run(project=project, run_id="r/1"), now=timezone.now() - timedelta(seconds=3))
    turned = client.get("/setup/waiting/", headers=HTMX).content.decode()
    assert "First event received" in turned
    assert "3\u00a0s ago" in turned
    assert 'href="/runs/r/1/"' in turned
    assert "data-poll-seconds" not in turned
    assert "Last event received" in client.get("/setup/").content.decode()


def test_after_a_new_key_an_older_event_is_not_the_first() -> None:
    project = make_project()
    make_event(run=make_run(project=project), now=timezone.now() - timedelta(hours=1))
    client = signed_in(project)
    _, page = made_key(client)
    address = re.search(r'hx-get="(/setup/waiting/\?since=[^"]+)"', page)
    assert address is not None
    assert client.get(address[1], headers=HTMX).status_code == 204
    make_event(run=make_run(project=project, run_id="r-new"), now=timezone.now())
    assert "r-new" in client.get(address[1], headers=HTMX).content.decode()
    assert client.get("/setup/waiting/?since=x", headers=HTMX).status_code == 200
    assert client.get("/setup/waiting/").status_code == 302


def test_a_key_needs_a_name_and_a_scope() -> None:
    client = signed_in(make_project())
    answer = client.post("/setup/keys/", {"name": "", "scopes": []})
    assert answer.status_code == 422
    assert "Say what the key is for." in answer.content.decode()
    assert "A key needs at least one scope." in answer.content.decode()
    assert client.post("/setup/keys/", {"name": "x", "scopes": ["root"]}).status_code == 422
    assert ApiKey.objects.count() == 0


def test_a_revoked_key_is_refused() -> None:
    project = make_project()
    key, token = make_api_key(project=project)
    page = signed_in(project).post(f"/setup/keys/{key.uuid}/revoke/", follow=True).content.decode()
    assert "Revoked: whoever still sends with" in page
    assert key_of_token(token, timezone.now()) is None


def test_a_receiver_is_added_and_its_secret_shown_once() -> None:
    project = make_project()
    client = signed_in(project)
    page = client.post("/setup/webhooks/", {"name": "on call", "url": "http://127.0.0.1:9/hook"}).content.decode()
    channel = Channel.objects.get(project=project)
    assert f'id="secret">{channel.secret}</pre>' in page
    again = client.get("/setup/").content.decode()
    assert channel.secret not in again
    assert "http://127.0.0.1:9/hook" in again
    assert "Nothing was sent to it yet." in again


@pytest.mark.parametrize("url", ["", "ftp://example.com/", "http://10.0.0.7/hook", "not an address"])
def test_an_address_that_cannot_be_reached_is_explained(url: str) -> None:
    client = signed_in(make_project())
    answer = client.post("/setup/webhooks/", {"name": "on call", "url": url})
    assert answer.status_code == 422
    assert 'id="hook-url-error"' in answer.content.decode()
    assert Channel.objects.count() == 0


def test_a_test_is_sent_and_its_line_asks_until_it_is_answered() -> None:
    project = make_project()
    channel = make_channel(project=project)
    client = signed_in(project)
    line = f"/setup/webhooks/{channel.uuid}/"
    sent = client.post(f"{line}test/", headers=HTMX).content.decode()
    message = Notification.objects.get(channel=channel)
    assert message.kind == "test"
    assert "on its way" in sent
    assert 'data-poll-seconds="1"' in sent
    assert f'hx-get="{line}"' in sent

    now = timezone.now()
    Notification.objects.filter(pk=message.pk).update(
        status="delivered", delivered_at=now, next_try_at=None, attempts=1
    )
    DeliveryAttempt.objects.create(notification=message, number=1, at=now, duration_ms=35, status_code=204)
    answered = client.get(line, headers=HTMX).content.decode()
    assert "test delivered" in answered
    assert "answered 204 in 35 ms" in answered
    assert "data-poll-seconds" not in answered
    assert client.get(line).status_code == 302
    assert client.post(f"{line}test/").headers["Location"] == "/setup/"


def test_a_failing_receiver_says_why_and_when_it_is_tried_again() -> None:
    project = make_project()
    message = make_notification(channel=make_channel(project=project))
    DeliveryAttempt.objects.create(
        notification=message, number=2, at=timezone.now(), duration_ms=1, error="connection refused"
    )
    page = signed_in(project).get("/setup/").content.decode()
    assert "by attempt 2: connection refused; next try" in page


def test_a_removed_receiver_is_gone() -> None:
    project = make_project()
    channel = make_channel(project=project)
    client = signed_in(project)
    page = client.post(f"/setup/webhooks/{channel.uuid}/remove/", follow=True).content.decode()
    assert f"Removed: {channel.name}" in page
    assert "http://127.0.0.1:9/hook" not in page
    assert client.post(f"/setup/webhooks/{channel.uuid}/test/").status_code == 404


@pytest.mark.parametrize("role", ["viewer", "responder"])
def test_only_admins_change_anything(role: str) -> None:
    project = make_project()
    key, _ = make_api_key(project=project)
    channel = make_channel(project=project)
    client = signed_in(project, role)
    page = client.get("/setup/").content.decode()
    assert "You can look, not change." in page
    assert page.count("<form") == signed_in(project, role).get("/reports/").content.decode().count("<form")
    for path in (
        "keys/",
        f"keys/{key.uuid}/revoke/",
        "webhooks/",
        f"webhooks/{channel.uuid}/test/",
        f"webhooks/{channel.uuid}/remove/",
    ):
        assert client.post(f"/setup/{path}", {"name": "x", "scopes": ["ingest"]}).status_code == 403
    assert client.get(f"/setup/webhooks/{channel.uuid}/", headers=HTMX).status_code == 200


def test_a_strangers_keys_and_receivers_are_not_there() -> None:
    theirs = make_project()
    key, _ = make_api_key(project=theirs, name="their key")
    channel = make_channel(project=theirs, name="their channel")
    client = signed_in(make_project())
    page = client.get("/setup/").content.decode()
    assert "their key" not in page
    assert "their channel" not in page
    assert client.post(f"/setup/keys/{key.uuid}/revoke/").status_code == 404
    assert client.get(f"/setup/webhooks/{channel.uuid}/", headers=HTMX).status_code == 404
    assert client.post(f"/setup/webhooks/{channel.uuid}/test/").status_code == 404
    assert client.post(f"/setup/webhooks/{channel.uuid}/remove/").status_code == 404


def test_names_and_senders_words_are_text() -> None:
    project = make_project()
    make_api_key(project=project, name=HOSTILE)
    channel = make_channel(project=project, name=HOSTILE)
    message = make_notification(channel=channel)
    DeliveryAttempt.objects.create(notification=message, number=1, at=timezone.now(), duration_ms=1, error=HOSTILE)
    make_event(run=make_run(project=project, run_id=HOSTILE, workflow=HOSTILE), now=timezone.now())
    page = signed_in(project).get("/setup/").content.decode()
    assert "<img" not in page
    assert page.count("&lt;img src=x") >= 4


def queries(many: int, django_assert_max_num_queries: Any) -> int:
    project = make_project()
    for index in range(many):
        make_api_key(project=project, name=f"key {index}")
        message = make_notification(channel=make_channel(project=project))
        DeliveryAttempt.objects.create(
            notification=message, number=1, at=timezone.now(), duration_ms=1, status_code=500
        )
    client = signed_in(project)
    client.get("/setup/")
    with django_assert_max_num_queries(20) as seen:
        client.get("/setup/")
    return len(seen)


def test_two_and_twenty_rows_take_the_same_queries(django_assert_max_num_queries: Any) -> None:
    assert queries(2, django_assert_max_num_queries) == queries(20, django_assert_max_num_queries)
