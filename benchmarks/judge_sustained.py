"""Posted, judged by the whole catalogue and readable: events a second that the whole line keeps up with.

One sender posts batches as fast as the line judges: it waits while more than MOST_PENDING events are
pending. So the rate is what the line sustains, and the lag stays bounded.
"""

from __future__ import annotations

import os
import time

from benchmarks.driving import check_found, loaded_system, send
from benchmarks.load import BATCH_EVENTS
from benchmarks.result import Result
from benchmarks.system import System

SECONDS = 300 if os.environ.get("FULL") else 30
MOST_PENDING = 10_000
POLL_SECONDS = 0.1


def measure() -> list[Result]:
    """Events a second from the first post until nothing is pending, and the age of the oldest pending event."""
    with loaded_system() as (system, templates):
        send(system, templates.take(4))
        system.settle()
        began, sent, lag = time.monotonic(), 0, 0.0
        while time.monotonic() - began < SECONDS:
            send(system, templates.take(4))
            sent += 4
            lag = max(lag, _wait_for_room(system))
        system.settle()
        seconds = time.monotonic() - began
        leaks = check_found(system, templates)
        params = {
            "seconds": SECONDS, "events": sent * BATCH_EVENTS, "most_pending": MOST_PENDING, "leaks_found": leaks,
            **system.params,
        }  # fmt: skip
    rate = sent * BATCH_EVENTS / seconds
    return [
        Result("judge-sustained", round(rate, 1), "events/s", higher_is_better=True, params=params),
        Result("judge-sustained-lag", round(lag, 2), "s", higher_is_better=False, params=params),
    ]


def _wait_for_room(system: System) -> float:
    """Waits while too much is pending; the age of the oldest pending event, in seconds."""
    connection, lag = system.connection(), 0.0
    while True:
        status = system.call(connection, "GET", "/api/v1/status")
        lag = max(lag, status["oldest_pending_seconds"] or 0.0)
        if status["pending_events"] <= MOST_PENDING:
            connection.close()
            return lag
        time.sleep(POLL_SECONDS)
