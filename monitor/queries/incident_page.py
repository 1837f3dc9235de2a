"""One incident: the sentence, the evidence, how far it spread, who is affected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from monitor.models import Anomaly, Incident, IncidentLog, IncidentRun, Notification, Postmortem, Project, Run
from monitor.queries.affected import AffectedRun, affected_runs
from monitor.queries.headlines import lead_order
from monitor.queries.incident_line import epoch_bucket, holder_of, is_spreading
from monitor.queries.incident_verdict import IncidentVerdict, incident_verdict
from monitor.queries.sentence import Part, headline
from monitor.queries.snapshots import Pair, pair
from monitor.queries.timeline import Moment, timeline

BESIDE = 200
BUCKETS = 24
MIN_BUCKET_SECONDS = 0.1
IncidentRuns = QuerySet[IncidentRun]


@dataclass(frozen=True, slots=True)
class Spread:
    """How far it went. `counts` are affected runs by `first_at` in equal spans from `since` to `until`.

    `judged` runs of the workflow were at work since the first leak; `share` of them are affected.
    """

    counts: tuple[int, ...]
    since: datetime
    until: datetime
    span_seconds: float
    judged: int
    share: float | None
    spreading: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What an engineer asks first; empty where nothing is known."""

    source_runs: int
    source_sessions: tuple[str, ...]
    source_workflow: str


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Everything that the page of one incident says."""

    incident: Incident
    holder: str
    sentence: tuple[Part, ...]
    lead: Anomaly | None
    pair: Pair | None
    place: int
    earlier: str
    later: str
    spread: Spread
    answers: Answers
    verdict: IncidentVerdict
    runs: tuple[AffectedRun, ...]
    incomplete_runs: int
    timeline: tuple[Moment, ...]
    postmortem: Postmortem | None


def stamp(incident: Incident) -> tuple[object, ...]:
    """What changes when the page does: cheap enough to ask every few seconds."""
    logged = IncidentLog.objects.filter(incident=incident).aggregate(n=Count("id"))["n"]
    alerts = tuple(
        Notification.objects.filter(incident=incident).order_by("id").values_list("id", "status", "attempts")
    )
    written = tuple(Postmortem.objects.filter(incidents=incident).order_by("id").values_list("id", "status"))
    row = (incident.status, incident.assignee_id, incident.anomaly_count, incident.run_count, incident.severity)
    said = (incident.last_detected_at, incident.leak_class, incident.title)
    return (*row, *said, logged, alerts, written)


def incident_page(project: Project, incident: Incident, *, run_id: str, now: datetime) -> IncidentPage:
    """The page, with the evidence of one affected run: `run_id`, else the first."""
    affected = IncidentRun.objects.filter(incident=incident)
    chosen = _chosen(affected, run_id)
    lead, beside = _lead(incident, chosen)
    source_run = None
    if lead is not None and lead.source_run_id:
        source_run = Run.objects.filter(project=project, run_id=lead.source_run_id).first()
    place, earlier, later = _neighbours(affected, chosen)
    return IncidentPage(
        incident=incident,
        holder=holder_of(incident),
        sentence=headline(lead, source_run) if lead is not None else (Part(incident.title),),
        lead=lead,
        pair=pair(project, lead, beside=beside) if lead is not None else None,
        place=place,
        earlier=earlier,
        later=later,
        spread=_spread(project, incident, affected, now),
        answers=_answers(project, incident, source_run),
        verdict=incident_verdict(project, incident),
        runs=affected_runs(incident),
        incomplete_runs=affected.exclude(run__gaps=[]).count(),
        timeline=timeline(incident),
        postmortem=Postmortem.objects.filter(incidents=incident).order_by("-id").first(),
    )


def _chosen(affected: IncidentRuns, run_id: str) -> IncidentRun | None:
    found = affected.select_related("run").order_by("first_at", "id")
    if run_id and (named := found.filter(run__run_id=run_id).first()):
        return named
    return found.first()


def _lead(incident: Incident, chosen: IncidentRun | None) -> tuple[Anomaly | None, list[Anomaly]]:
    """The anomaly that the page is about, and those of the incident at the same event."""
    if chosen is None:
        return None, []
    of_run = Anomaly.objects.filter(run=chosen.run).select_related("run", "event").order_by("occurred_at", "id")
    lead = min(of_run.filter(incident=incident).defer("event__body")[:BESIDE], key=lead_order, default=None)
    if lead is None:
        return None, []
    return lead, list(of_run.filter(event=lead.event).defer("event__body")[:BESIDE])


def _neighbours(affected: IncidentRuns, chosen: IncidentRun | None) -> tuple[int, str, str]:
    """The place of the chosen run among the affected ones (from 1), and the runs before and after it."""
    if chosen is None:
        return 0, "", ""
    before = Q(first_at__lt=chosen.first_at) | Q(first_at=chosen.first_at, id__lt=chosen.pk)
    after = Q(first_at__gt=chosen.first_at) | Q(first_at=chosen.first_at, id__gt=chosen.pk)
    earlier = affected.filter(before).order_by("-first_at", "-id").values_list("run__run_id", flat=True).first()
    later = affected.filter(after).order_by("first_at", "id").values_list("run__run_id", flat=True).first()
    return affected.filter(before).count() + 1, earlier or "", later or ""


def _spread(project: Project, incident: Incident, affected: IncidentRuns, now: datetime) -> Spread:
    since, until = incident.occurred_at, max(incident.last_occurred_at, incident.occurred_at)
    width = max((until - since).total_seconds() / BUCKETS, MIN_BUCKET_SECONDS)
    first = int(since.timestamp() // width)
    counts = [0] * (BUCKETS + 1)
    buckets = affected.annotate(bucket=epoch_bucket("first_at", width)).values("bucket").annotate(n=Count("id"))
    for row in buckets:
        counts[min(max(int(row["bucket"]) - first, 0), BUCKETS)] += row["n"]
    judged = Run.objects.filter(project=project, workflow=incident.workflow, last_at__gte=since).count()
    return Spread(
        counts=tuple(counts),
        since=since,
        until=since + timedelta(seconds=width * len(counts)),
        span_seconds=width,
        judged=judged,
        share=min(incident.run_count / judged, 1.0) if judged else None,
        spreading=is_spreading(incident, now=now),
    )


def _answers(project: Project, incident: Incident, source_run: Run | None) -> Answers:
    sources = Anomaly.objects.filter(incident=incident, source_run_id__isnull=False)
    named = sources.values("source_run_id").distinct()
    sessions = Run.objects.filter(project=project, run_id__in=named, session__isnull=False)
    named_sessions = sessions.order_by("session").values_list("session", flat=True).distinct()[:3]
    return Answers(
        source_runs=named.count(),
        source_sessions=tuple(filter(None, named_sessions)),
        source_workflow=source_run.workflow if source_run else "",
    )
