"""The source of an anomaly where it lies in the run itself. Source: RULES.md, "Source"."""

from __future__ import annotations

from datetime import datetime

from monitor.detection.anomaly import Source
from monitor.detection.paths import Location, render
from monitor.detection.rounds import Note
from monitor.detection.snapshot import Kept


def source_at(run_id: str, kept: Kept, location: Location) -> Source:
    """The event that was kept, at a place of its context."""
    return Source(run_id, kept.step, render(location), None, kept.event_id, kept.occurred_at)


def source_of_note(run_id: str, note: Note, location: Location) -> Source:
    """The event at which something was noted with its `Scene.mark`, at a place of its context."""
    step, event_id, occurred_at = note[1][-3:]
    return Source(run_id, step, render(location), None, event_id, datetime.fromisoformat(occurred_at))
