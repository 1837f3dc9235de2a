"""POST /api/v1/events, as its senders see it."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zstandard
from django.db import connection
from django.test import Client
from django.utils import timezone

from ingestion.models import Refusal
from monitor.models import ApiKey, Event, Work
from tests.factories import event_dict, make_api_key, make_project

pytestmark = pytest.mark.django_db
URL = "/api/v1/events"


def post(token: str | None, body: Any, kind: str = "application/json", **headers: str):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return Client().post(URL, data, content_type=kind, headers=headers)


def is_problem(response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


@pytest.fixture
def token() -> str:
    return make_api_key(project=make_project())[1]


def test_one_event_an_array_and_lines_are_the_same_to_us(token):
    events = [event_dict() for _ in range(3)]
    lines = b"\r\n".join([json.dumps(event).encode() for event in events]) + b"\n\n"

    first = post(token, events[0])
    assert (first.status_code, first["Content-Type"]) == (202, "application/json")
    assert first.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert post(token, events[:2]).json() == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert post(token, lines, "application/x-ndjson").json() == {"accepted": 1, "duplicates": 2, "rejected": []}
    assert Event.objects.count() == 3
    assert Work.objects.count() == 3


def test_no_bad_event_costs_its_neighbours(token):
    bad: list[Any] = [
        event_dict(phase="both", event_id="x"),
        event_dict(colour="red"),
        event_dict(context={"price": math.nan}),
        event_dict(context={"a": "\0"}),
        event_dict(accesses=[{"store": "s", "op": "read", "key": "k", "mode": 1}]),
        7,
    ]
    events = [item for one in bad for item in (event_dict(), one)] + [event_dict()]

    answer = post(token, events).json()

    assert answer["accepted"] == len(bad) + 1
    rejected = answer["rejected"]
    assert [one["index"] for one in rejected] == [1, 3, 5, 7, 9, 11]
    assert [one["field"] for one in rejected] == ["phase", "colour", "context", "context", "accesses[0].mode", ""]
    assert rejected[0]["event_id"] == "x"
    assert rejected[-1]["event_id"] is None
    assert '"enter" or "exit"' in rejected[0]["error"]
    refused = dict(Refusal.objects.values_list("reason", "events"))
    assert refused == {"phase": 1, "unknown field": 1, "context": 2, "accesses": 1, "not an event": 1}


def test_a_line_that_is_no_json_is_rejected_alone(token):
    lines = b'{"half": \n' + json.dumps(event_dict()).encode() + b"\n\xff\n"
    answer = post(token, lines, "application/x-ndjson").json()
    assert answer["accepted"] == 1
    assert [one["index"] for one in answer["rejected"]] == [0, 2]


def test_an_event_without_an_id_counts_once_however_often_it_is_sent(token):
    event = event_dict(context={"price": 12.5, "n": 2**60})
    del event["event_id"]
    spread = json.dumps(dict(reversed(event.items())), indent=2).encode()

    assert post(token, event).json()["accepted"] == 1
    assert post(token, spread).json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    event["context"]["n"] += 1
    assert post(token, event).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("encoding", "press"),
    [("gzip", gzip.compress), ("zstd", zstandard.compress), ("GZIP", gzip.compress), ("identity", bytes)],
)
def test_bodies_may_be_compressed(token, encoding, press):
    body = press(json.dumps([event_dict(), event_dict()]).encode())
    assert post(token, body, **{"Content-Encoding": encoding}).json()["accepted"] == 2


@pytest.mark.parametrize(
    "body", [b"  ", b"{", b'{"a": tru}', b'{"a": "\xff"}', b'[{"a": 1}', b'"text"', b"null", b"[1] [2]"]
)
def test_a_body_that_is_no_json_is_a_400(token, body):
    is_problem(post(token, body), 400)
    assert dict(Refusal.objects.values_list("reason", "events")) == {"unreadable body": 1}


def test_who_may_send():
    project = make_project()
    now = timezone.now()
    _, reader = make_api_key(project=project, scopes=("read",))
    _, revoked = make_api_key(project=project, revoked_at=now)
    _, expired = make_api_key(project=project, expires_at=now - timedelta(seconds=1))

    for wrong in (None, "nonsense", "x" * 10_000, revoked, expired):
        response = post(wrong, event_dict())
        is_problem(response, 401)
        assert response["WWW-Authenticate"].startswith("Bearer")
    basic = Client().post(URL, b"{}", content_type="application/json", headers={"Authorization": "Basic eDp5"})
    is_problem(basic, 401)
    assert "ingest" in is_problem(post(reader, event_dict()), 403)["detail"]
    assert Event.objects.count() == 0


def test_the_use_of_a_key_is_noted_once_a_minute(token, django_assert_num_queries):
    post(token, event_dict())
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    post(token, event_dict())
    assert ApiKey.objects.get().last_used_at == noted
    ApiKey.objects.update(last_used_at=noted - timedelta(seconds=61))
    post(token, event_dict())
    assert ApiKey.objects.get().last_used_at > noted - timedelta(seconds=61)


def test_too_large_a_body_is_refused_before_it_is_read(token, settings):
    settings.MAX_BODY_BYTES = 1000
    document = is_problem(post(token, [event_dict(context={"x": "y" * 2000})]), 413)
    assert document["max_body_bytes"] == 1000


@pytest.mark.parametrize(("encoding", "press"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_a_small_body_may_not_open_to_a_huge_one(token, settings, encoding, press):
    settings.MAX_BODY_BYTES = 100_000
    bomb = press(b" " * 50_000_000)
    assert len(bomb) < settings.MAX_BODY_BYTES
    is_problem(post(token, bomb, **{"Content-Encoding": encoding}), 413)


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("br", b"{}", 415),
        ("gzip, zstd", b"{}", 415),
        ("gzip", b"no gzip", 400),
        ("zstd", b"no zstd", 400),
        ("gzip", gzip.compress(b"[]" * 100)[:-5], 400),
    ],
)
def test_encodings_that_cannot_be_opened(token, encoding, body, status):
    is_problem(post(token, body, **{"Content-Encoding": encoding}), status)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/x-protobuf"])
def test_other_media_types_are_not_taken(token, kind):
    is_problem(post(token, event_dict(), kind), 415)


def test_media_types_may_have_parameters(token):
    assert post(token, event_dict(), "Application/JSON; charset=utf-8").status_code == 202


def test_a_batch_has_a_largest_size(token, settings):
    settings.MAX_BATCH_EVENTS = 2
    assert post(token, [event_dict(), event_dict()]).status_code == 202
    assert is_problem(post(token, [event_dict() for _ in range(3)]), 413)["max_batch_events"] == 2
    assert dict(Refusal.objects.values_list("reason", "events")) == {"too large": 3}


def test_a_key_has_so_many_events_a_minute(token, settings, monkeypatch):
    at = datetime(2026, 11, 20, 10, 0, 59, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    settings.MAX_EVENTS_PER_MINUTE = 3
    _, other = make_api_key(project=make_project())

    assert post(token, [event_dict() for _ in range(5)]).status_code == 202
    for _ in range(2):
        response = post(token, event_dict())
        is_problem(response, 429)
        assert response["Retry-After"] == "1"
    assert post(other, event_dict()).status_code == 202
    at += timedelta(seconds=1)
    assert post(token, event_dict()).status_code == 202
    assert dict(Refusal.objects.values_list("reason", "events")) == {"rate limit": 2}


def test_without_redis_everything_passes(token, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody-listens"
    assert post(token, event_dict()).status_code == 202
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_postgresql_the_sender_is_told_to_come_again(tmp_path):
    token = make_api_key(project=make_project())[1]
    connection.close()
    reachable = dict(connection.settings_dict)
    connection.settings_dict["HOST"] = str(tmp_path)
    try:
        response = post(token, event_dict())
    finally:
        connection.close()
        connection.settings_dict.update(reachable)
    is_problem(response, 503)
    assert int(response["Retry-After"]) > 0
    assert post(token, event_dict()).status_code == 202


def test_a_failure_of_ours_says_nothing_of_what_was_sent(token, monkeypatch, caplog):
    def fail(**_: Any) -> None:
        raise ZeroDivisionError("secret-value")

    monkeypatch.setattr("ingestion.door.accept", fail)
    document = is_problem(post(token, event_dict()), 500)
    assert "secret-value" not in json.dumps(document)
    assert "secret-value" not in caplog.text
    assert "a call of the API failed" in caplog.text


def test_paths_and_methods_that_are_not():
    client = Client()
    is_problem(client.get("/api/v1/nothing"), 404)
    is_problem(client.post("/api/v2/events"), 404)
    is_problem(client.get("/api/v1/"), 404)
    response = client.delete(URL)
    is_problem(response, 405)
    assert response["Allow"] == "POST"
    is_problem(client.get("/api/v1/runs/a%00b"), 400)
    is_problem(client.get("/api/v1/anomalies?rule=%00"), 400)
