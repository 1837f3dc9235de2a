"""What `/readyz` says: whether this process can do its work, and how each part that it leans on is.

Only the database decides: without it no event is durable and no page can be shown. Everything else makes the
answer "degraded", with 200, because events are still taken and wait. Source: docs/operations.md.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from monitor.queries import self_check
from monitor.queries.pulses import BEAT, JUDGE, WORKER, LastPulse, pulses
from monitor.queries.waiting import overdue_seconds

State = Literal["ok", "degraded", "down", "unknown"]
REDIS_TIMEOUT_SECONDS = 1.0
SILENT_SECONDS = 30.0
OVERDUE_SECONDS = 120.0
LOW_DISK_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Check:
    """How one part is: `detail` says what is wrong and what follows, and is empty where all is well.

    `since` where the database knows it better than this process.
    """

    state: State
    detail: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer: not ready only without a usable database; `since` says when each part's state was first seen."""

    checks: dict[str, Check]
    since: dict[str, datetime]

    @property
    def ready(self) -> bool:
        """Whether events are taken and pages shown."""
        return self.checks["database"].state == "ok"

    @property
    def status(self) -> str:
        """In a word."""
        if not self.ready:
            return "not ready"
        return (
            "degraded" if any(check.state in {"degraded", "down"} for check in self.checks.values()) else "ready"
        )


class _Memory:
    """What this process knows already: that the migrations are applied, and since when each part is as it is.

    `began` is when it was asked first.
    """

    def __init__(self) -> None:
        self.migrated = False
        self.began: datetime | None = None
        self.since: dict[str, tuple[State, datetime]] = {}


_MEMORY = _Memory()


def readiness(*, now: datetime) -> Readiness:
    """Looks at everything: a handful of small queries, one PING."""
    _MEMORY.began = _MEMORY.began or now
    checks = {"database": _database(), "redis": _redis()}
    if checks["database"].state == "ok":
        checks |= _program(now)
    if (disk := _disk()) is not None:
        checks["disk"] = disk
    return Readiness(checks, _since(checks, now))


def _since(checks: dict[str, Check], now: datetime) -> dict[str, datetime]:
    for name, check in checks.items():
        state, _ = _MEMORY.since.get(name, (None, now))
        if state != check.state:
            _MEMORY.since[name] = (check.state, check.since or now)
    return {name: _MEMORY.since[name][1] for name in checks}


def _database() -> Check:
    try:
        if _MEMORY.migrated:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return Check("ok")
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as error:
        return Check(
            "down", f"cannot be reached ({type(error).__name__}): senders get 503 and keep what they have"
        )
    if missing:
        return Check("down", f"{len(missing)} migrations are not applied: run manage.py migrate")
    _MEMORY.migrated = True
    return Check("ok")


def _redis() -> Check:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return Check("down", f"cannot be reached ({type(error).__name__}): events are taken, and judged later")
    return Check("ok")


def _program(now: datetime) -> dict[str, Check]:
    """The parts that only the database tells of; all down where it goes away meanwhile."""
    try:
        last = {pulse.name: pulse for pulse in pulses()}
        return {
            "workers": _alive(last.get(WORKER), "nothing is judged and no alert is sent", now),
            "beat": _alive(last.get(BEAT), "lost bells are not rung again, and there is no self-check", now),
            "judging": _judging(last.get(JUDGE), now),
            "self_check": _self_check(now),
        }
    except (DatabaseError, InterfaceError) as error:
        return {"database": Check("down", f"cannot be reached ({type(error).__name__})")}


def _alive(pulse: LastPulse | None, follows: str, now: datetime) -> Check:
    if pulse is None:
        waited = (now - (_MEMORY.began or now)).total_seconds()
        return Check("unknown" if waited <= SILENT_SECONDS else "down", f"never heard of: {follows}")
    age = pulse.age_seconds(now)
    if age <= SILENT_SECONDS:
        return Check("ok")
    return Check("down", f"last heard of {age:.0f} s ago: {follows}", pulse.at)


def _judging(last_pass: LastPulse | None, now: datetime) -> Check:
    late = overdue_seconds(now=now)
    if late <= OVERDUE_SECONDS:
        return Check("ok")
    ended = f"the last pass ended {last_pass.age_seconds(now):.0f} s ago" if last_pass else "no pass ever ended"
    return Check("degraded", f"{late:.0f} s behind, {ended}: nothing is lost, incidents come late")


def _self_check(now: datetime) -> Check:
    standing = self_check.standing(now=now)
    if standing.ok is None:
        return Check("unknown", "" if settings.SYNTHETIC_LEAK_SECONDS else "switched off")
    return Check("ok") if standing.ok else Check("degraded", standing.problem, standing.began_at)


def _disk() -> Check | None:
    """The disk of an embedded database; None where the database is another machine's business."""
    data = settings.HOME_DIR / "postgres"
    if not data.exists():
        return None
    free = shutil.disk_usage(settings.HOME_DIR).free
    if free >= LOW_DISK_BYTES:
        return Check("ok")
    return Check("degraded", f"{free // 1024**2} MiB free for the database: make room before it is full")
