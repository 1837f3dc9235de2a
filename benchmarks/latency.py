"""Latency: from the POST of a leaking event to its incident being readable, one leak at a time."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

from benchmarks.result import Result, percentile
from benchmarks.system import System

ROUNDS = 100
POLL_SECONDS = 0.005
GIVE_UP_SECONDS = 30.0


def measure(system: System) -> list[Result]:
    """Half and 99 in 100 of the leaks were readable within these milliseconds."""
    connection = system.connection()
    _leak(system, connection)
    taken = [_leak(system, connection) * 1000 for _ in range(ROUNDS)]
    connection.close()
    params = {"leaks": ROUNDS, "polled_every_ms": POLL_SECONDS * 1000, **system.params}
    return [
        Result("latency-p50", round(percentile(taken, 0.50), 1), "ms", higher_is_better=False, params=params),
        Result("latency-p99", round(percentile(taken, 0.99), 1), "ms", higher_is_better=False, params=params),
    ]


def _leak(system: System, connection: HTTPConnection) -> float:
    """One run holds its session, the next one holds it too: seconds until that is part of an incident."""
    owner, victim = uuid.uuid4().hex, uuid.uuid4().hex
    _post(system, connection, _event(owner, owner))
    began = time.monotonic()
    _post(system, connection, _event(victim, owner))
    while True:
        page = system.call(connection, "GET", f"/api/v1/anomalies?run_id={victim}")
        if any(anomaly["incident"] for anomaly in page["items"]):
            return time.monotonic() - began
        if time.monotonic() - began > GIVE_UP_SECONDS:
            raise RuntimeError("a leak was not found")
        time.sleep(POLL_SECONDS)


def _post(system: System, connection: HTTPConnection, event: dict[str, Any]) -> None:
    system.call(connection, "POST", "/api/v1/events", json.dumps(event).encode(), Content_Type="application/json")


def _event(run: str, session_in_context: str) -> dict[str, Any]:
    return {
        "occurred_at": datetime.now(UTC).isoformat(),
        "workflow": "bench-latency",
        "run_id": run,
        "step": "LoadCart",
        "phase": "exit",
        "session": run,
        "context": {"cart": {"session_id": session_in_context}},
    }
