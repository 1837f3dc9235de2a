"""The bell: tells the workers that rows are waiting. What is to be done stands in the database.

A ring is lost at no cost but time: the sweeper rings again for rows left behind. So a ring never
raises and gives up within `RING_TIMEOUT_SECONDS`; after a failure the broker is left alone for
`REST_SECONDS`, so that a front door without a broker stays fast.
"""

from __future__ import annotations

import logging
import os
import time
from functools import cache, partial
from typing import Any

import kombu.transport.redis  # noqa: F401 - slow: paid for at the start, not in somebody's request
from celery import current_app
from django.db import transaction
from kombu import Connection
from kombu.pools import ProducerPool, producers

logger = logging.getLogger(__name__)

JUDGE = "monitor.tasks.judge"
DELIVER = "monitor.tasks.deliver"
CROWDS = "monitor.tasks.judge_crowds"
RING_TIMEOUT_SECONDS = 0.04
REST_SECONDS = 1.0
UNHEARD_SECONDS = 5
EXPIRES_SECONDS = 60

_rest_until = 0.0


def ring_judging() -> None:
    """Asks for due Work to be judged, once the present transaction has committed."""
    transaction.on_commit(partial(ring, JUDGE))


def ring_alerts() -> None:
    """Asks for due notifications to be delivered, once the present transaction has committed."""
    transaction.on_commit(partial(ring, DELIVER))


def ring(task: str) -> None:
    """Rings for one of the tasks at once: for the sweeper, and for a task that leaves work behind."""
    _attempt(partial(_send, task))


def heard(task: str) -> None:
    """Says that a worker is about to look: what commits from now on needs a ring of its own."""
    _attempt(partial(_forget, task))


def _attempt(call: partial[None]) -> None:
    global _rest_until  # noqa: PLW0603 - one breaker for each process, on purpose
    if time.monotonic() < _rest_until:
        return
    try:
        call()
    except Exception as error:
        _rest_until = time.monotonic() + REST_SECONDS
        logger.warning("the bell could not be rung", extra={"error": type(error).__name__})


def _send(task: str) -> None:
    with _producers(os.getpid()).acquire(block=True, timeout=RING_TIMEOUT_SECONDS) as producer:
        channel: Any = producer.channel
        if channel.client.set(_flag(task), 1, nx=True, ex=UNHEARD_SECONDS):
            current_app.send_task(
                task, producer=producer, retry=False, ignore_result=True, expires=EXPIRES_SECONDS
            )


def _forget(task: str) -> None:
    with _producers(os.getpid()).acquire(block=True, timeout=RING_TIMEOUT_SECONDS) as producer:
        channel: Any = producer.channel
        channel.client.delete(_flag(task))


def _flag(task: str) -> str:
    """Set from a ring until a worker hears it: rings in between would only repeat it."""
    return f"crosstalk:rung:{task}"


@cache
def _producers(_pid: int) -> ProducerPool:
    """This process's own connections (one must never be shared across a fork), which fail fast."""
    connection: Connection = current_app.connection_for_write(
        connect_timeout=RING_TIMEOUT_SECONDS,
        transport_options={
            "socket_timeout": RING_TIMEOUT_SECONDS,
            "socket_connect_timeout": RING_TIMEOUT_SECONDS,
            "connect_retries_timeout": RING_TIMEOUT_SECONDS,
            "retry_on_timeout": False,
            "max_retries": 0,
        },
    )
    pool: ProducerPool = producers[connection]
    return pool
