"""How much of its rate the front door keeps once many events are stored."""

from __future__ import annotations

import os

from benchmarks.driving import loaded_system, middle, send_at_once
from benchmarks.load import BATCH_EVENTS
from benchmarks.result import Result

EVENTS = 5_000_000 if os.environ.get("FULL") else 200_000
BATCHES = 20
SENDERS = 2


def measure() -> list[Result]:
    """The rate with EVENTS stored as a share of the rate with next to none, each the median of three rounds."""
    with loaded_system() as (system, templates):

        def rate() -> float:
            system.settle()
            return BATCHES * BATCH_EVENTS / send_at_once(system, templates.take(BATCHES), senders=SENDERS)

        send_at_once(system, templates.take(SENDERS), senders=SENDERS)
        empty = middle(rate, 3)
        for _ in range(EVENTS // BATCH_EVENTS // BATCHES):
            send_at_once(system, templates.take(BATCHES), senders=SENDERS)
        system.settle(timeout_seconds=14_400)
        full = middle(rate, 3)
        params = {"events": EVENTS, "events_per_second_empty": round(empty), **system.params}
    return [Result("growth", round(100 * full / empty, 1), "%", higher_is_better=True, params=params)]
