"""Ingest: senders post NDJSON batches of 500 events of about 2 KB; accepted and judged events a second."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.result import Result
from benchmarks.system import System

SENDERS = 2
BATCHES_A_SENDER = 40
BATCH_EVENTS = 500
RUN_EVENTS = 10
EVENT_BYTES = 2048


def measure(system: System) -> list[Result]:
    """A 202 counts an event as accepted; it counts as judged when nothing is pending any more."""
    bodies = [[_batch() for _ in range(BATCHES_A_SENDER)] for _ in range(SENDERS)]
    began = time.monotonic()
    threads = [threading.Thread(target=_send, args=(system, each)) for each in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted_seconds = time.monotonic() - began
    judged_seconds = accepted_seconds + system.settle()
    events = SENDERS * BATCHES_A_SENDER * BATCH_EVENTS
    params = {
        "events": events,
        "batch": BATCH_EVENTS,
        "event_bytes": EVENT_BYTES,
        "senders": SENDERS,
        **system.params,
    }
    return [
        Result(
            "ingest-batch", round(events / accepted_seconds, 1), "events/s", higher_is_better=True, params=params
        ),
        Result(
            "ingest-judged", round(events / judged_seconds, 1), "events/s", higher_is_better=True, params=params
        ),
    ]


def _send(system: System, bodies: list[bytes]) -> None:
    connection = system.connection()
    for body in bodies:
        answer = system.call(connection, "POST", "/api/v1/events", body, Content_Type="application/x-ndjson")
        if answer["accepted"] != BATCH_EVENTS:
            raise RuntimeError(f"not every event was accepted: {answer}")
    connection.close()


def _batch() -> bytes:
    """Whole runs of RUN_EVENTS events each, clean, as a steady sender has them."""
    now = datetime.now(UTC)
    lines = [json.dumps(event) for _ in range(BATCH_EVENTS // RUN_EVENTS) for event in _run(now)]
    return "\n".join(lines).encode()


def _run(now: datetime) -> list[dict[str, Any]]:
    run, session = uuid.uuid4().hex, uuid.uuid4().hex
    context = {"session_id": session, "order": {"id": run, "note": ""}}
    context["order"] = {"id": run, "note": "x" * (EVENT_BYTES - 300)}
    return [
        {
            "event_id": f"{run}-{number}",
            "occurred_at": (now + timedelta(microseconds=number)).isoformat(),
            "workflow": "bench",
            "run_id": run,
            "step": f"step-{number // 2}",
            "sequence": number,
            "phase": "exit" if number % 2 else "enter",
            "session": session,
            "final": number == RUN_EVENTS - 1,
            "context": context,
        }
        for number in range(RUN_EVENTS)
    ]
