"""From the POST of a leaking event to its incident being readable, one leak at a time, at 200 events a second."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

from benchmarks.driving import loaded_system
from benchmarks.load import Templates
from benchmarks.result import Result, percentile
from benchmarks.system import System

LEAKS = 300
EVENTS_PER_SECOND = 200
POST_EVENTS = 10
POLL_SECONDS = 0.005
GIVE_UP_SECONDS = 30.0


def measure() -> list[Result]:
    """Half and 99 in 100 of the leaks were readable within these milliseconds."""
    with loaded_system() as (system, templates), _traffic(system, templates):
        connection = system.connection()
        for _ in range(5):
            _leak(system, connection)
        taken = [_leak(system, connection) * 1000 for _ in range(LEAKS)]
        connection.close()
        params = {"leaks": LEAKS, "events_per_second": EVENTS_PER_SECOND, **system.params}
    return [
        Result("latency-p50", round(percentile(taken, 0.50), 1), "ms", higher_is_better=False, params=params),
        Result("latency-p99", round(percentile(taken, 0.99), 1), "ms", higher_is_better=False, params=params),
    ]


@contextmanager
def _traffic(system: System, templates: Templates) -> Iterator[None]:
    """Posts the load at its rate, POST_EVENTS a request, as long as the block runs."""
    ended = threading.Event()
    thread = threading.Thread(target=_post_steadily, args=(system, templates, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _post_steadily(system: System, templates: Templates, ended: threading.Event) -> None:
    connection, due = system.connection(), time.monotonic()
    while True:
        for body in templates.take(1):
            lines = body.split(b"\n")
            for start in range(0, len(lines), POST_EVENTS):
                if ended.wait(max(0.0, due - time.monotonic())):
                    connection.close()
                    return
                due += POST_EVENTS / EVENTS_PER_SECOND
                part = b"\n".join(lines[start : start + POST_EVENTS])
                system.call(connection, "POST", "/api/v1/events", part, Content_Type="application/x-ndjson")


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
