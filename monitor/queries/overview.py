"""What is open, worst first; or since when nothing is, and what was judged meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Extract, Floor

from monitor.models import Anomaly, Event, Incident, Project, Run
from monitor.queries.headlines import headlines
from monitor.queries.sentence import Part

SHOWN = 20
SPARK_BUCKETS = 40
SPREADING_SECONDS = 120
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
class OpenIncident:
    """One line of the list. `spark` counts anomalies by `detected_at`, oldest first, over the last hour."""

    key: str
    sentence: tuple[Part, ...]
    severity: str
    status: str
    leak_class: str
    rule: str
    workflow: str
    detected_at: datetime
    last_detected_at: datetime
    runs: int
    sessions: int
    tenants: int
    holder: str
    spark: tuple[int, ...]
    spreading: bool


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
    """`total` open or acknowledged incidents, the worst `SHOWN` of them; `quiet` where there is none."""

    total: int
    by_severity: tuple[tuple[str, int], ...]
    shown: tuple[OpenIncident, ...]
    known: int
    mitigated: int
    quiet: Quiet | None


def overview(project: Project, *, now: datetime) -> Overview:
    """The first screen of the overview: seven queries, however many incidents there are."""
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
    sparks = sparks_of(project, [incident.pk for incident in worst], now=now)
    said = headlines(project, worst)
    return Overview(
        total=total,
        by_severity=tuple((name, count) for name, count in by_severity if count),
        shown=tuple(_line(each, said[each.pk], sparks.get(each.pk, ()), now) for each in worst),
        known=sum(count for (status, _), count in counts.items() if status == "known"),
        mitigated=sum(count for (status, _), count in counts.items() if status == "mitigated"),
        quiet=None if total else _quiet(project, standing),
    )


def holder_of(incident: Incident) -> str:
    """Who has it: the person it is assigned to, else who acknowledged it; empty where nobody does."""
    if incident.assignee is not None:
        return incident.assignee.get_full_name() or incident.assignee.get_username()
    return incident.acknowledged_by


def sparks_of(
    project: Project,
    incidents: Sequence[int],
    *,
    now: datetime,
    bucket: timedelta = _BUCKET,
    buckets: int = SPARK_BUCKETS,
) -> dict[int, tuple[int, ...]]:
    """Anomalies of each incident in `buckets` spans up to now, by `detected_at`; none where all are zero."""
    width = bucket.total_seconds()
    last = int(now.timestamp() // width)
    since = datetime.fromtimestamp((last - buckets + 1) * width, tz=now.tzinfo)
    found = (
        Anomaly.objects.filter(project=project, incident__in=incidents, detected_at__gte=since)
        .annotate(bucket=epoch_bucket("detected_at", width))
        .values("incident", "bucket")
        .annotate(n=Count("id"))
    )
    rows: dict[int, list[int]] = {}
    for row in found:
        at = int(row["bucket"]) - (last - buckets + 1)
        counts = rows.setdefault(row["incident"], [0] * buckets)
        counts[min(max(at, 0), buckets - 1)] += row["n"]
    return {incident: tuple(counts) for incident, counts in rows.items()}


def epoch_bucket(field: str, width: float) -> Floor:
    """The number of the span of `width` seconds since the epoch that a time falls into."""
    return Floor(Extract(F(field), "epoch") / Value(width))


def _line(incident: Incident, sentence: tuple[Part, ...], spark: tuple[int, ...], now: datetime) -> OpenIncident:
    return OpenIncident(
        key=incident.key,
        sentence=sentence,
        severity=incident.severity,
        status=incident.status,
        leak_class=incident.leak_class,
        rule=incident.rule,
        workflow=incident.workflow,
        detected_at=incident.detected_at,
        last_detected_at=incident.last_detected_at,
        runs=incident.run_count,
        sessions=incident.session_count,
        tenants=incident.tenant_count,
        holder=holder_of(incident),
        spark=spark,
        spreading=(now - incident.last_detected_at).total_seconds() < SPREADING_SECONDS,
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
