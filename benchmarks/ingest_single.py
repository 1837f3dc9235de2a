"""Single posts: one event a request over kept-alive connections, durable when answered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from benchmarks.driving import ROUNDS, at_once, loaded_system, middle
from benchmarks.load import BATCH_EVENTS
from benchmarks.result import Result, percentile
from benchmarks.system import System

SENDERS = 8
BATCHES = 8


def measure() -> list[Result]:
    """The median rate of five rounds, and the slowest answer but one in a hundred, over all of them."""
    taken: list[float] = []
    with loaded_system() as (system, templates):
        _round(system, templates.take(1), [])

        def accepted_per_second() -> float:
            system.settle()
            return BATCHES * BATCH_EVENTS / _round(system, templates.take(BATCHES), taken)

        rate = middle(accepted_per_second)
        params = {"events": BATCHES * BATCH_EVENTS, "senders": SENDERS, "rounds": ROUNDS, **system.params}
    return [
        Result("ingest-single", round(rate, 1), "events/s", higher_is_better=True, params=params),
        Result(
            "ingest-single-p99",
            round(percentile(taken, 0.99) * 1e3, 1),
            "ms",
            higher_is_better=False,
            params=params,
        ),
    ]


def _round(system: System, bodies: Sequence[bytes], taken: list[float]) -> float:
    events = [event for body in bodies for event in body.split(b"\n")]

    def send(share: Sequence[bytes]) -> None:
        connection = system.connection()
        for event in share:
            began = time.perf_counter()
            system.call(connection, "POST", "/api/v1/events", event, Content_Type="application/json")
            taken.append(time.perf_counter() - began)
        connection.close()

    return at_once([partial(send, events[one::SENDERS]) for one in range(SENDERS)])
