"""One incident as a line of a list, the same on the overview and on the incidents page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Value
from django.db.models.functions import Extract, Floor

from monitor.models import Anomaly, Incident, Project
from monitor.queries.headlines import headlines
from monitor.queries.sentence import Part

SPREADING_SECONDS = 120
"""An incident whose last anomaly is younger than this is said to spread still."""


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One line. `spark` counts its anomalies by `detected_at`, oldest first, in the spans that were asked for."""

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


def lines_of(
    project: Project, incidents: Sequence[Incident], *, now: datetime, bucket: timedelta, buckets: int
) -> tuple[IncidentLine, ...]:
    """The incidents as lines, in their order; as many queries for one as for twenty."""
    sparks = _sparks_of(project, [one.pk for one in incidents], now=now, bucket=bucket, buckets=buckets)
    said = headlines(project, incidents)
    return tuple(_line(one, said[one.pk], sparks.get(one.pk, ()), now) for one in incidents)


def is_spreading(incident: Incident, *, now: datetime) -> bool:
    """Whether an anomaly of it was found just now, by our clock."""
    return (now - incident.last_detected_at).total_seconds() < SPREADING_SECONDS


def holder_of(incident: Incident) -> str:
    """Who has it: the person it is assigned to, else who acknowledged it; empty where nobody does."""
    if incident.assignee is not None:
        return incident.assignee.get_full_name() or incident.assignee.get_username()
    return incident.acknowledged_by


def _sparks_of(
    project: Project,
    incidents: Sequence[int],
    *,
    now: datetime,
    bucket: timedelta,
    buckets: int,
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


def _line(incident: Incident, sentence: tuple[Part, ...], spark: tuple[int, ...], now: datetime) -> IncidentLine:
    return IncidentLine(
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
        spreading=is_spreading(incident, now=now),
    )
