"""`/readyz` tells the truth: unready only where this process can do nothing, and how every part is, since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from ingestion import readiness
from monitor.models import Pulse, SelfCheck, Work
from monitor.services import pulses
from tests.factories import make_project, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_MEMORY", readiness._Memory())


def asked() -> tuple[int, str, dict[str, dict[str, str]]]:
    answer = Client().get("/readyz")
    body = answer.json()
    return answer.status_code, body["status"], body["checks"]


def all_alive() -> None:
    for name in ("worker", "beat", "judge"):
        pulses.beat(name=name, now=timezone.now())


def test_ready_with_everything_alive():
    all_alive()
    code, status, checks = asked()
    assert (code, status) == (200, "ready")
    assert {name: checks[name]["state"] for name in ("database", "redis", "workers", "beat", "judging")} == {
        "database": "ok", "redis": "ok", "workers": "ok", "beat": "ok", "judging": "ok",
    }  # fmt: skip
    assert datetime.fromisoformat(checks["database"]["since"]) <= datetime.now(UTC)


def test_without_redis_events_are_still_taken(settings, tmp_path):
    all_alive()
    settings.REDIS_URL = f"unix://{tmp_path}/none"
    code, status, checks = asked()
    assert (code, status, checks["redis"]["state"]) == (200, "degraded", "down")
    assert "events are taken" in checks["redis"]["detail"]


def test_without_migrations_nothing_can_be_done(monkeypatch):
    plan = "django.db.migrations.executor.MigrationExecutor.migration_plan"
    monkeypatch.setattr(plan, lambda *_: ["one", "two"])
    code, status, checks = asked()
    assert (code, status) == (503, "not ready")
    assert checks["database"]["detail"].startswith("2 migrations")
    assert "workers" not in checks


def test_migrations_are_looked_for_until_they_are_there_and_then_never_again(monkeypatch):
    assert asked()[0] == 200
    monkeypatch.setattr("ingestion.readiness.MigrationExecutor", None)
    assert asked()[0] == 200


def test_without_the_database_it_is_unready(monkeypatch):
    assert asked()[0] == 200

    def gone(*_: object, **__: object) -> None:
        raise OperationalError("a password and a host")

    monkeypatch.setattr(connection, "cursor", gone)
    code, status, checks = asked()
    assert (code, status) == (503, "not ready")
    assert "OperationalError" in checks["database"]["detail"]
    assert "password" not in checks["database"]["detail"]


def test_silent_workers_and_a_silent_beat_are_said_with_their_last_word():
    last = timezone.now() - timedelta(minutes=5)
    Pulse.objects.create(name="worker", at=last)
    Pulse.objects.create(name="beat", at=last)
    code, status, checks = asked()
    assert (code, status) == (200, "degraded")
    assert (checks["workers"]["state"], checks["beat"]["state"]) == ("down", "down")
    assert "nothing is judged" in checks["workers"]["detail"]
    assert datetime.fromisoformat(checks["workers"]["since"]) == last


def test_workers_that_never_came_are_unknown_first_and_then_down():
    now = timezone.now()
    assert readiness.readiness(now=now).checks["workers"].state == "unknown"
    later = readiness.readiness(now=now + timedelta(seconds=31))
    assert (later.checks["workers"].state, later.status) == ("down", "degraded")
    assert later.since["database"] == now


def test_work_that_nobody_does_is_said():
    all_alive()
    now = timezone.now() - timedelta(minutes=3)
    run = make_run(project=make_project())
    Work.objects.create(
        project=run.project, run=run, reason="events", event_pks=[1], created_at=now, not_before=now
    )
    code, status, checks = asked()
    assert (code, status, checks["judging"]["state"]) == (200, "degraded", "degraded")
    assert "180 s behind" in checks["judging"]["detail"]


def test_a_missed_leak_is_said():
    all_alive()
    now = timezone.now() - timedelta(minutes=2)
    SelfCheck.objects.create(began_at=now, deadline_at=now + timedelta(seconds=60), sent_at=now)
    _, status, checks = asked()
    assert (status, checks["self_check"]["state"]) == ("degraded", "degraded")
    assert checks["self_check"]["detail"] == f"the leak of {now:%H:%M} UTC was not detected within 60 s."


def test_a_disk_that_fills_up_is_said(settings, tmp_path, monkeypatch):
    settings.HOME_DIR = tmp_path
    assert "disk" not in asked()[2], "the database is on another machine"
    (tmp_path / "postgres").mkdir()
    assert asked()[2]["disk"]["state"] == "ok"
    monkeypatch.setattr(readiness, "LOW_DISK_BYTES", 2**62)
    assert "MiB free" in asked()[2]["disk"]["detail"]
