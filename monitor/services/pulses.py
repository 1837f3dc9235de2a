"""Says that a part of Crosstalk is alive."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

NOTED_EVERY = timedelta(seconds=4)

_BEAT = """
INSERT INTO monitor_pulse AS kept (name, at) VALUES (%(name)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE kept.at <= %(stale)s
"""


def beat(*, name: str, now: datetime) -> None:
    """Remembers that the part is alive, by one write every `NOTED_EVERY` at most."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, {"name": name, "now": now, "stale": now - NOTED_EVERY})
