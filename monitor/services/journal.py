"""The incident log: what happened to an incident, by whom and when. Postmortems are built from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.models import Incident, IncidentLog
from monitor.services.actor import Actor


def entry(
    *, incident: Incident, kind: str, by: Actor, now: datetime, note: str = "", data: dict[str, Any] | None = None
) -> IncidentLog:
    """A line of the log, not yet stored; `data` holds counts and ids, never a context's value."""
    return IncidentLog(
        incident=incident,
        at=now,
        kind=kind,
        by=by.label,
        user=by.user,
        api_key=by.api_key,
        note=note,
        data=data or {},
    )


def write(
    *, incident: Incident, kind: str, by: Actor, now: datetime, note: str = "", data: dict[str, Any] | None = None
) -> IncidentLog:
    """Stores a line of the log, in the transaction of the change that it tells of."""
    line = entry(incident=incident, kind=kind, by=by, now=now, note=note, data=data)
    line.save(force_insert=True)
    return line
