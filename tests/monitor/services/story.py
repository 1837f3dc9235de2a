"""Runs told as events: what the service tests post, judge and read back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ingestion.inbox import accept
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.models import Anomaly, Project, Work
from monitor.queries.events import as_event, pack
from monitor.services import detect
from tests.factories import NOW

_count = itertools.count(1)


def event(run_id: str, second: float, session: str | None = None, /, **fields: Any) -> Event:
    """An event of a run, `second` after a fixed hour, whose context names this session."""
    context = fields.pop("context", {"session_id": session} if session else {})
    at = NOW - timedelta(hours=1) + timedelta(seconds=second)
    wire = {
        "event_id": f"e-{run_id}-{next(_count)}",
        "occurred_at": at.isoformat(),
        "workflow": "checkout",
        "run_id": run_id,
        "step": "LoadCart",
        "phase": "exit",
        "context": context,
        **fields,
    }
    return as_event(pack(wire))


def leak(victim: str = "r-2", owner: str = "r-1", *, second: float = 0) -> list[Event]:
    """Two runs: the owner of session s-1 ends, and then its session stands in the victim, whose own is s-2."""
    return [
        event(owner, second, "s-1", session="s-1"),
        event(owner, second + 1, "s-1", session="s-1", final=True),
        event(victim, second + 2, "s-2", session="s-2", phase="enter"),
        event(victim, second + 3, "s-1", session="s-2"),
    ]


def post(project: Project, events: Iterable[Event], *, now: datetime = NOW) -> None:
    """Stores events as the front door does."""
    accept(project=project, events=list(events), now=now)


def settle(*, now: datetime = NOW) -> int:
    """Judges until nothing is due; the number of judgements."""
    judged = 0
    while count := detect.judge_due(now=now, limit_runs=20):
        judged += count
        assert judged < 10_000, "judging does not come to an end"
    return judged


def tell(project: Project, events: Iterable[Event], *, now: datetime = NOW) -> int:
    """Posts and judges."""
    post(project, events, now=now)
    return settle(now=now)


def found(project: Project) -> set[tuple[str, str, str, str, str | None, str | None]]:
    """What stands: rule, run, path, class, source run and resource of each anomaly."""
    rows = Anomaly.objects.filter(project=project)
    names = ("rule", "run__run_id", "path", "leak_class", "source_run_id", "source_resource")
    return set(rows.values_list(*names))


def told(project: Project) -> set[tuple[object, ...]]:
    """What stands, in full: comparable with `judged`."""
    rows = Anomaly.objects.filter(project=project).select_related("run", "event")
    return {
        (
            *(row.rule, row.run.run_id, row.step, row.phase, row.attempt, row.branch, row.path),
            *(row.leak_class, row.severity, row.event.event_id, row.message),
            *(row.source_run_id, row.source_step, row.source_path, row.source_resource, row.source_event_id),
        )
        for row in rows
    }


def judged(events: Sequence[Event]) -> set[tuple[object, ...]]:
    """What the pure core says of the same events, without a map."""
    return {
        (
            *(one.rule, one.run_id, one.step, one.phase, one.attempt, one.branch, one.path),
            *(one.leak_class, one.severity, one.event_id, one.message),
            *(
                (one.source.run_id, one.source.step, one.source.path, one.source.resource, one.source.event_id)
                if one.source
                else (None,) * 5
            ),
        )
        for one in judge_all(events, {})
    }


def pending() -> int:
    """How many Work rows are left."""
    return Work.objects.count()
