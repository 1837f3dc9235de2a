"""The runs of a project, latest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from monitor.models import Anomaly, IncidentRun, Project, Run, Work, Workflow
from monitor.queries.keyset import BadCursor, newest_first

PAGE = 50


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Empty fields match everything; `run` matches the beginning of a run id, the others the whole."""

    run: str = ""
    session: str = ""
    workflow: str = ""
    incident: str = ""

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not (self.run or self.session or self.workflow or self.incident)


@dataclass(frozen=True, slots=True)
class Row:
    """One run; times and `took_seconds` by the senders' clocks. `waiting`: events not judged yet."""

    run_id: str
    workflow: str
    session: str | None
    tenant: str | None
    status: str
    first_at: datetime | None
    last_at: datetime | None
    took_seconds: float | None
    events: int
    anomalies: int
    severity: str
    gaps: int
    waiting: bool


@dataclass(frozen=True, slots=True)
class RunList:
    """`next` is the cursor of the page after these rows, empty at the end."""

    rows: tuple[Row, ...]
    workflows: tuple[str, ...]
    next: str


def run_list(project: Project, wanted: RunFilter, *, cursor: str) -> RunList:
    """A page of runs, latest event first; those of which nothing is judged yet are not there. Three queries."""
    found = Run.objects.filter(project=project, last_at__isnull=False)
    if wanted.run:
        found = found.filter(run_id__startswith=wanted.run)
    if wanted.session:
        found = found.filter(session=wanted.session)
    if wanted.workflow:
        found = found.filter(workflow=wanted.workflow)
    if wanted.incident:
        found = found.filter(Exists(_affected(project, wanted.incident)))
    waiting = Exists(Work.objects.filter(run=OuterRef("pk"), reason="events"))
    rows = found.annotate(waiting=waiting).defer("state")
    try:
        page = newest_first(rows, by="last_at", cursor=cursor, limit=PAGE)
    except BadCursor:
        page = newest_first(rows, by="last_at", cursor=None, limit=PAGE)
    shown = page.items
    counted = _anomalies(shown)
    names = Workflow.objects.filter(project=project).order_by("name").values_list("name", flat=True)
    return RunList(
        rows=tuple(_row(run, counted.get(run.pk, (0, ""))) for run in shown),
        workflows=tuple(names[:200]),
        next=page.next or "",
    )


def _affected(project: Project, key: str) -> QuerySet[IncidentRun]:
    number = key.upper().removeprefix("INC-")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return IncidentRun.objects.none()
    return IncidentRun.objects.filter(
        run=OuterRef("pk"), incident__project=project, incident__number=int(number), incident__withdrawn_at=None
    )


def _anomalies(runs: Sequence[Run]) -> dict[int, tuple[int, str]]:
    """By run: how many anomalies, and the worst severity."""
    counts = (
        Anomaly.objects.filter(run__in=runs)
        .values("run")
        .annotate(
            n=Count("id"),
            critical=Count("id", filter=Q(severity="critical")),
            high=Count("id", filter=Q(severity="high")),
        )
    )
    found: dict[int, tuple[int, str]] = {}
    for row in counts:
        worst = "critical" if row["critical"] else "high" if row["high"] else "warning"
        found[int(row["run"])] = (row["n"], worst)
    return found


def _row(run: Run, found: tuple[int, str]) -> Row:
    took = (run.last_at - run.first_at).total_seconds() if run.first_at and run.last_at else None
    return Row(
        run_id=run.run_id,
        workflow=run.workflow,
        session=run.session,
        tenant=run.tenant,
        status=(f"ended {run.status or 'ok'}") if run.ended else "not ended",
        first_at=run.first_at,
        last_at=run.last_at,
        took_seconds=took,
        events=run.event_count,
        anomalies=found[0],
        severity=found[1],
        gaps=len(run.gaps),
        waiting=bool(getattr(run, "waiting", False)),
    )
