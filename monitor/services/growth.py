"""What an incident says of itself, kept in step with its anomalies: counts, class, severity, title, times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Count, F, Max, Min
from django.db.models.lookups import IsNull

from monitor.models import Anomaly, Incident, IncidentRun, Run
from monitor.services import journal
from monitor.services.actor import SYSTEM
from monitor.services.grouping import prevailing_class, spread_past, worst
from monitor.services.verdict import Verdict

SETTLED_ANOMALIES = 200
"""With so many anomalies the title is settled, unless one of those that are known changes."""

_SAVED = (
    "status", "severity", "leak_class", "title", "occurred_at", "last_occurred_at", "detected_at",
    "last_detected_at", "resolved_at", "resolved_by", "mitigated_at", "withdrawn_at", "reopened",
    "anomaly_count", "run_count", "session_count", "tenant_count",
)  # fmt: skip


def update(
    verdict: Verdict,
    *,
    run: Run,
    incidents: Mapping[int, Incident],
    mine: Mapping[int, IncidentRun],
    now: datetime,
) -> None:
    """Brings incidents, locked by the caller, up to date with a run's stored anomalies and identity.

    `mine` are the rows of the incidents that the run is in, by incident. `now` is the server's time.
    """
    added, altered, withdrawn = map(_by_incident, (verdict.added, verdict.altered, verdict.withdrawn))
    stale = {pk for pk, row in mine.items() if (row.session, row.tenant) != (run.session, run.tenant)}
    for pk in sorted(added.keys() | altered.keys() | withdrawn.keys() | stale):
        incident, new, gone = incidents[pk], added.get(pk, ()), withdrawn.get(pk, ())
        incident.anomaly_count += len(new) - len(gone)
        if _membership(incident, run, mine.get(pk), new, gone):
            _recount(incident, now)
        if new:
            _extend(incident, new, now)
        if gone:
            _shrink(incident, now)
        _describe(incident, new, settled=not gone and pk not in altered)
        incident.save(update_fields=_SAVED)


def _by_incident(rows: Iterable[Anomaly]) -> dict[int, list[Anomaly]]:
    groups: dict[int, list[Anomaly]] = {}
    for row in rows:
        if row.incident_id is not None:
            groups.setdefault(row.incident_id, []).append(row)
    return groups


def _membership(
    incident: Incident, run: Run, row: IncidentRun | None, new: Sequence[Anomaly], gone: Sequence[Anomaly]
) -> bool:
    """Keeps the run's row in the incident; whether the incident must count its runs again."""
    first_at = min((one.occurred_at for one in new), default=None)
    if row is None:
        if first_at is None:
            return False
        IncidentRun.objects.create(
            incident=incident, run=run, session=run.session, tenant=run.tenant, first_at=first_at
        )
        return True
    if gone:
        left = Anomaly.objects.filter(project=run.project_id, incident=incident, run=run)
        first_at = left.aggregate(first=Min("occurred_at"))["first"]
        if first_at is None:
            row.delete()
            return True
        row.first_at = first_at
    elif first_at is not None:
        row.first_at = min(row.first_at, first_at)
    moved = (row.session, row.tenant) != (run.session, run.tenant)
    row.session, row.tenant = run.session, run.tenant
    row.save(update_fields=["session", "tenant", "first_at"])
    return moved


def _recount(incident: Incident, now: datetime) -> None:
    before = incident.run_count
    counts = IncidentRun.objects.filter(incident=incident).aggregate(
        runs=Count("id"), sessions=Count("session", distinct=True), tenants=Count("tenant", distinct=True)
    )
    incident.run_count = counts["runs"]
    incident.session_count = counts["sessions"]
    incident.tenant_count = counts["tenants"]
    if spread_past(before, incident.run_count):
        journal.write(incident=incident, kind="spread", by=SYSTEM, now=now, data=dict(counts))


def _extend(incident: Incident, new: Sequence[Anomaly], now: datetime) -> None:
    incident.severity = worst([incident.severity, *(row.severity for row in new)])
    incident.occurred_at = min([incident.occurred_at, *(row.occurred_at for row in new)])
    incident.last_occurred_at = max([incident.last_occurred_at, *(row.occurred_at for row in new)])
    incident.last_detected_at = now


def _shrink(incident: Incident, now: datetime) -> None:
    """After a withdrawal: the times of what is left, or the end of an incident that nobody touched."""
    left = Anomaly.objects.filter(project=incident.project_id, incident=incident)
    times = left.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    if times["first"] is not None:
        incident.occurred_at, incident.last_occurred_at = times["first"], times["last"]
        return
    acted = incident.status != Incident.Status.OPEN or incident.acknowledged_at or incident.assignee_id
    if acted or incident.log.exclude(user=None, api_key=None).exists() or incident.postmortems.exists():
        journal.write(incident=incident, kind="disproved", by=SYSTEM, now=now)
    else:
        incident.withdrawn_at = now
        journal.write(incident=incident, kind="withdrawn", by=SYSTEM, now=now)


def _describe(incident: Incident, new: Sequence[Anomaly], *, settled: bool) -> None:
    rows = Anomaly.objects.filter(project=incident.project_id, incident=incident)
    if not settled or any(row.leak_class != incident.leak_class for row in new):
        counts = Counter(dict(rows.values_list("leak_class").annotate(Count("id")).order_by()))
        incident.leak_class = prevailing_class(counts, incident.leak_class)
    if not settled or incident.anomaly_count <= SETTLED_ANOMALIES:
        telling = (IsNull(F("source_resource"), True), IsNull(F("source_run_id"), True), "occurred_at", "id")
        title = rows.order_by(*telling).values_list("message", flat=True).first()
        incident.title = title or incident.title
