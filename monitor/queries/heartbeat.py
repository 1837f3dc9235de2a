"""Whether we can see: what stands at the foot of every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.models import Event, Incident, Project
from monitor.queries.waiting import waiting

LATE_SECONDS = 15.0
LOST_SECONDS = 120.0
State = Literal["waiting", "good", "late", "lost"]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`waiting`: no event yet; `late`: behind; `lost`: nothing has been judged for minutes though something waits.

    `last_event_at` and `behind_seconds` are by our clock; `waiting_runs` counts runs with events
    that were not judged yet, alone or together with the other runs.
    """

    state: State
    last_event_at: datetime | None
    waiting_runs: int
    behind_seconds: float
    open_incidents: int


def heartbeat(project: Project, *, now: datetime) -> Heartbeat:
    """What the project's pipeline is doing right now, in three small queries."""
    last = (
        Event.objects.filter(project=project)
        .order_by("-received_at")
        .values_list("received_at", flat=True)
        .first()
    )
    work = waiting(project)
    behind = max((now - work.fresh_since).total_seconds(), 0.0) if work.fresh_since else 0.0
    standing = Incident.objects.filter(project=project, withdrawn_at=None, status__in=("open", "acknowledged"))
    return Heartbeat(_state(last, behind), last, work.fresh_runs, behind, standing.count())


def _state(last: datetime | None, behind: float) -> State:
    if last is None:
        return "waiting"
    if behind > LOST_SECONDS:
        return "lost"
    return "late" if behind > LATE_SECONDS else "good"
