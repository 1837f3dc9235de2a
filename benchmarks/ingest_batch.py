"""Batches of 500 events as NDJSON: accepted and durable events a second, nothing else asked of the system."""

from __future__ import annotations

from benchmarks.driving import ROUNDS, check_found, loaded_system, middle, send_at_once
from benchmarks.load import BATCH_EVENTS
from benchmarks.result import Result

SENDERS = 2
BATCHES = 40


def measure() -> list[Result]:
    """The median of five rounds; a 202 counts an event as accepted. What leaks must be found afterwards."""
    with loaded_system() as (system, templates):
        send_at_once(system, templates.take(SENDERS), senders=SENDERS)

        def accepted_per_second() -> float:
            system.settle()
            return BATCHES * BATCH_EVENTS / send_at_once(system, templates.take(BATCHES), senders=SENDERS)

        rate = middle(accepted_per_second)
        leaks = check_found(system, templates)
        params = {
            "events": BATCHES * BATCH_EVENTS, "batch": BATCH_EVENTS, "event_bytes": 2_270, "senders": SENDERS,
            "rounds": ROUNDS, "leaks_found": leaks, **system.params,
        }  # fmt: skip
    return [Result("ingest-batch", round(rate, 1), "events/s", higher_is_better=True, params=params)]
