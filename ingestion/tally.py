"""What the front door counts of what it takes: written at once, and a few times a second where much comes.

A write costs 0.3 ms, as much as a fifth of a single post. Source: docs/adr/0009-health.md.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from threading import Lock, Timer

from django.db import connection

from monitor.models import Project
from monitor.services import counters

logger = logging.getLogger(__name__)

REST_SECONDS = 0.2


class _Tally:
    """What this process has counted and not written yet, by project, and until when it rests."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.waiting: dict[int, Counter[str | tuple[str, str]]] = defaultdict(Counter)
        self.rests_until = 0.0
        self.has_timer = False


_TALLY = _Tally()


def count(project: Project, *, accepted: int, duplicates: int) -> None:
    """Counts the events of a batch that was stored; they are written within `REST_SECONDS`.

    A process that is killed loses what it has not written: counts, never events.
    """
    amounts: counters.Amounts = {counters.ACCEPTED: accepted, counters.DUPLICATE: duplicates}
    if connection.in_atomic_block:
        counters.add(project, amounts)
        return
    with _TALLY.lock:
        _TALLY.waiting[project.pk].update(amounts)
        now = time.monotonic()
        rest = _TALLY.rests_until - now
        if rest > 0:
            _write_later(rest)
            return
        _TALLY.rests_until = now + REST_SECONDS
    write()


def write() -> None:
    """Writes what waits in this process."""
    with _TALLY.lock:
        taken, _TALLY.waiting = _TALLY.waiting, defaultdict(Counter)
    for project_id, amounts in taken.items():
        counters.add(project_id, {name: value for name, value in amounts.items() if value})


def _write_later(seconds: float) -> None:
    if not _TALLY.has_timer:
        _TALLY.has_timer = True
        timer = Timer(seconds, _late)
        timer.daemon = True
        timer.start()


def _late() -> None:
    with _TALLY.lock:
        _TALLY.has_timer = False
        _TALLY.rests_until = time.monotonic() + REST_SECONDS
    try:
        write()
        connection.close()
    except Exception:
        logger.exception("counts were lost")
