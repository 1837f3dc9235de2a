"""The watch in beat's process: says that beat is alive, and looks after the self-check.

A thread of its own, because beat's loop stands still while Redis is away, and a missed leak must be
told then too.
"""

from __future__ import annotations

import logging
import threading

from django.db import close_old_connections
from django.utils import timezone

from monitor.queries.pulses import BEAT
from monitor.services import pulses, self_check

logger = logging.getLogger(__name__)

WATCH_SECONDS = 2.0


def start() -> threading.Event:
    """Begins to watch, until the event that it gives is set or the process ends."""
    stop = threading.Event()
    threading.Thread(target=_watch, args=[stop], name="watch", daemon=True).start()
    return stop


def _watch(stop: threading.Event) -> None:
    while not stop.is_set():
        look()
        stop.wait(WATCH_SECONDS)


def look() -> None:
    """Looks once; what fails is logged, and the next look comes."""
    try:
        close_old_connections()
        now = timezone.now()
        pulses.beat(name=BEAT, now=now)
        self_check.look_after(now=now)
    except Exception:
        logger.exception("the watch could not look")
