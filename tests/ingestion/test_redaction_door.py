"""Redaction through the door: nothing of a plain secret is left anywhere behind it."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Any

import pytest
import redis
import zstandard
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from monitor.models import Event, Project
from monitor.queries.events import unpack
from monitor.services import crowd
from tests.factories import event_dict, make_project
from tests.ingestion.caller import Caller, is_problem
from tests.monitor.services.story import settle

CARD, PASSWORD, EMAIL, TOKEN = (
    "4111 1111 1111 1111",
    "hunter2-plain",
    "ann.plain@example.org",
    "ghp_0123456789plainplain01",
)
SECRETS = (CARD, PASSWORD, EMAIL, TOKEN)
POLICY = {"rules": [{"path": "$.customer.email", "action": "hash"}, {"path": "$.scratch", "action": "drop"}]}


def sent(run: str, session: str, place: int) -> dict[str, Any]:
    """Events that leak a session, so that the line behind the door does all it can with them."""
    context = {
        "session_id": session, "password": PASSWORD, "note": f"card {CARD}", "customer": {"email": EMAIL},
        "scratch": {"copy": EMAIL}, "list": [TOKEN],
    }  # fmt: skip
    accesses = [{"store": "redis", "op": "read", "key": f"by-token:{TOKEN}"}]
    return event_dict(
        run_id=run, session=run, context=context, sequence=place, accesses=accesses, attributes={"note": TOKEN}
    )


@pytest.mark.django_db(transaction=True)
def test_no_plain_secret_is_left_in_the_database_in_redis_or_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caller = Caller(make_project())
    assert caller.put("/redaction", json.dumps(POLICY), "application/json").status_code == 200
    bad = {**sent("r-3", "r-3", 0), "phase": "both"}
    events = [sent("r-1", "r-1", 0), sent("r-1", "r-1", 1), sent("r-2", "r-1", 0), bad]
    answer = Client().post(
        "/api/v1/events", json.dumps(events), content_type="application/json", headers=caller.headers
    )
    assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (3, 1)
    settle(now=timezone.now())
    crowd.judge_crowds(now=timezone.now())
    found = caller.get("/anomalies?rule=foreign-session").json()["items"]
    assert [(one["run_id"], one["observed"]) for one in found] == [("r-2", "r-1")]
    everything = [answer.content.decode(), caplog.text, *_database(), *_redis()]
    assert len(everything) > 10
    for secret in SECRETS:
        assert not [text for text in everything if secret in text], secret
    stored = unpack(Event.objects.earliest("id").body)["context"]
    assert stored["customer"]["email"].startswith("fp:")
    assert "scratch" not in stored


def _database() -> list[str]:
    """Every row of every table as text, and what its compressed columns hold."""
    found: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public'"
        )
        columns = cursor.fetchall()
        for table in sorted({name for name, _, _ in columns}):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row for (row,) in cursor.fetchall()]
        for table, column, kind in columns:
            if kind == "bytea":
                cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
                found += [_opened(bytes(value)) for (value,) in cursor.fetchall()]
    return found


def _opened(value: bytes) -> str:
    with suppress(zstandard.ZstdError):
        value = zstandard.ZstdDecompressor().decompress(value)
    return value.decode("utf-8", "replace")


def _redis() -> list[str]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return [repr(key) + repr(client.dump(key)) for key in client.keys("*")]


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def test_a_policy_is_put_read_and_refused(project: Project) -> None:
    caller = Caller(project)
    assert caller.get("/redaction").json() == {
        "defaults": True, "identity": "keep", "rules": [], "changed_at": None, "changed_by": None,
    }  # fmt: skip
    put = caller.put("/redaction", json.dumps(POLICY), "application/json").json()
    assert (put["rules"], put["defaults"], put["changed_by"]) == (POLICY["rules"], True, f"key {caller.key.name}")
    wrong = json.dumps({"rules": [{"path": "$.a", "action": "mask"}]})
    errors = is_problem(caller.put("/redaction", wrong, "application/json"), 422)["errors"]
    assert [one["field"] for one in errors] == ["rules[0].action"]
    assert caller.get("/redaction").json()["rules"] == POLICY["rules"]
    is_problem(caller.put("/redaction", b"{", "application/json"), 400)
    is_problem(Caller(project, "read").put("/redaction", b"{}", "application/json"), 403)
    assert Caller(make_project()).get("/redaction").json()["rules"] == [], "of one project alone"


def test_a_dry_run_says_where_and_never_what(project: Project) -> None:
    caller = Caller(project)
    caller.put("/redaction", json.dumps(POLICY), "application/json")
    answer = caller.post("/redaction/dry-run", [sent("r-1", "r-1", 0), {"x": 1}])
    assert answer.status_code == 200
    [one] = answer.json()["events"]
    assert one["context"] == [
        {"path": "$.customer.email", "action": "hash"},
        {"path": "$.list[0]", "action": "hash"},
        {"path": "$.note", "action": "hash"},
        {"path": "$.password", "action": "hash"},
        {"path": "$.scratch", "action": "drop"},
    ]
    assert one["fields"] == ["attributes", "accesses"]
    assert len(answer.json()["rejected"]) == 1
    assert not any(secret in answer.content.decode() for secret in SECRETS)
    assert not Event.objects.exists()


def test_the_key_of_each_project_is_its_own_and_is_shown_nowhere(project: Project) -> None:
    other = make_project()
    assert bytes(project.redaction_key) != bytes(other.redaction_key)
    assert bytes(project.redaction_key).hex() not in Caller(project).get("/redaction").content.decode()
