"""What is open, worst first; or since when nothing is, and what was judged meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from monitor.models import Event, Incident, Project, Run
from monitor.queries import self_check
from monitor.queries.incident_line import IncidentLine, lines_of

SHOWN = 20
SPARK_BUCKETS = 40
_BUCKET = timedelta(seconds=90)
ACTIVE = ("open", "acknowledged")

WORST_FIRST = (
    Case(
        When(severity="critical", then=Value(0)),
        When(severity="high", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    ),
    Case(When(status="open", then=Value(0)), default=Value(1), output_field=IntegerField()),
    F("run_count").desc(),
    F("id").desc(),
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """What was judged since the last incident ended, or ever (`last_key` is empty); times by our clock."""

    since: datetime | None
    last_key: str
    events: int
    runs: int
    workflows: int
    incomplete_runs: int
    last_event_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """`total` open or acknowledged incidents, the worst `SHOWN` of them; `quiet` where there is none.

    `self_check_problem` says why silence may be blindness, or is empty.
    """

    total: int
    by_severity: tuple[tuple[str, int], ...]
    shown: tuple[IncidentLine, ...]
    known: int
    mitigated: int
    quiet: Quiet | None
    self_check_problem: str


def overview(project: Project, *, now: datetime) -> Overview:
    """The first screen of the overview: ten queries at most, however many incidents there are."""
    standing = Incident.objects.filter(project=project, withdrawn_at=None)
    counts = {
        (row["status"], row["severity"]): row["n"]
        for row in standing.filter(status__in=(*ACTIVE, "known", "mitigated"))
        .values("status", "severity")
        .annotate(n=Count("id"))
    }
    by_severity = tuple(
        (severity, sum(counts.get((status, severity), 0) for status in ACTIVE))
        for severity in ("critical", "high", "warning")
    )
    total = sum(count for _, count in by_severity)
    worst = list(standing.filter(status__in=ACTIVE).select_related("assignee").order_by(*WORST_FIRST)[:SHOWN])
    return Overview(
        total=total,
        by_severity=tuple((name, count) for name, count in by_severity if count),
        shown=lines_of(project, worst, now=now, bucket=_BUCKET, buckets=SPARK_BUCKETS),
        known=sum(count for (status, _), count in counts.items() if status == "known"),
        mitigated=sum(count for (status, _), count in counts.items() if status == "mitigated"),
        quiet=None if total else _quiet(project, standing),
        self_check_problem=self_check.standing(now=now).problem,
    )


def _quiet(project: Project, standing: QuerySet[Incident]) -> Quiet:
    last = standing.order_by(F("resolved_at").desc(nulls_last=True), "-id").first()
    since = last.resolved_at or last.last_detected_at if last else None
    runs = Run.objects.filter(project=project)
    if since is not None:
        runs = runs.filter(judged_at__gt=since)
    judged = runs.aggregate(
        runs=Count("id"),
        events=Coalesce(Sum("event_count"), 0),
        workflows=Count("workflow", distinct=True),
        incomplete=Count("id", filter=~Q(gaps=[])),
    )
    first = runs.order_by("created_at").values_list("created_at", flat=True).first() if since is None else None
    last_event = Event.objects.filter(project=project).aggregate(at=Max("received_at"))["at"]
    return Quiet(
        since=since or first,
        last_key=last.key if last else "",
        events=judged["events"],
        runs=judged["runs"],
        workflows=judged["workflows"],
        incomplete_runs=judged["incomplete"],
        last_event_at=last_event,
    )
