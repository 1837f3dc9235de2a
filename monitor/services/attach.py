"""Gives a run's anomalies to incidents: opens, extends, reopens and withdraws them.

Workers meet here. Incidents are locked in the order of their fingerprints, then the project's row
where a number is needed; a partial unique index has the last word on one open incident a group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.utils import IntegrityError

from monitor.models import Anomaly, Incident, IncidentLog, IncidentRun, Project, Run
from monitor.services import growth, journal, notify
from monitor.services.actor import SYSTEM
from monitor.services.grouping import Decision, decide, fingerprint, general_path
from monitor.services.verdict import Verdict, store

Status = Incident.Status
Groups = dict[str, list[Anomaly]]


class Raced(Exception):
    """Another worker opened an incident of the same group just now: judge the run again."""


def apply(verdict: Verdict, *, project: Project, run: Run, now: datetime) -> None:
    """Stores the difference of a run's anomalies, and brings the incidents they belong to up to date.

    Belongs into the transaction of the run's judgement; `now` is the server's time. Raises Raced.
    """
    groups = _grouped(verdict.added)
    mine = {row.incident_id: row for row in IncidentRun.objects.filter(incident__project=project, run=run)}
    incidents = _locked(project, groups, verdict, mine)
    # Another worker that read the clock later may have been here first: a log goes forward only.
    now = max([now, *(one.last_detected_at for one in incidents)])
    window = timedelta(seconds=settings.REOPEN_WINDOW_SECONDS)
    decisions = {
        name: decide([one for one in incidents if one.fingerprint == name], holds_run=mine, now=now, window=window)
        for name in groups
    }
    homes = {name: decision.incident for name, decision in decisions.items() if decision.incident is not None}
    homes |= _opened(project, {name: rows for name, rows in groups.items() if name not in homes}, now)
    for name, rows in groups.items():
        _revive(homes[name], decisions[name], rows, now)
        for row in rows:
            row.incident = homes[name]
    store(verdict)
    touched = {one.pk: one for one in (*incidents, *homes.values())}
    growth.update(verdict, run=run, incidents=touched, mine=mine, now=now)
    for name in groups:
        _tell(homes[name], decisions[name], groups[name], run=run, now=now)


def _grouped(added: Iterable[Anomaly]) -> Groups:
    groups: Groups = {}
    for row in added:
        groups.setdefault(fingerprint(row.workflow, row.rule, row.path), []).append(row)
    return dict(sorted(groups.items()))


def _locked(project: Project, groups: Groups, verdict: Verdict, mine: Collection[int]) -> list[Incident]:
    """All incidents of the groups, of the anomalies that change and of the run, in one locking order."""
    touched = {row.incident_id for row in (*verdict.altered, *verdict.withdrawn)} - {None} | set(mine)
    rows = Incident.objects.filter(Q(fingerprint__in=list(groups)) | Q(pk__in=touched), project=project)
    return list(rows.select_for_update(no_key=True).order_by("fingerprint", "id"))


def _opened(project: Project, groups: Groups, now: datetime) -> dict[str, Incident]:
    if not groups:
        return {}
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    last = Incident.objects.filter(project=project).order_by("-number").values_list("number", flat=True).first()
    new = [_new(project, rows, (last or 0) + place, now) for place, rows in enumerate(groups.values(), start=1)]
    try:
        Incident.objects.bulk_create(new)
    except IntegrityError as error:
        raise Raced from error
    IncidentLog.objects.bulk_create(
        journal.entry(incident=incident, kind="opened", by=SYSTEM, now=now) for incident in new
    )
    return dict(zip(groups, new, strict=True))


def _new(project: Project, rows: Sequence[Anomaly], number: int, now: datetime) -> Incident:
    first = min(rows, key=lambda row: row.occurred_at)
    return Incident(
        project=project,
        number=number,
        fingerprint=fingerprint(first.workflow, first.rule, first.path),
        severity=first.severity,
        leak_class=first.leak_class,
        rule=first.rule,
        workflow=first.workflow,
        path=general_path(first.path),
        title=first.message,
        occurred_at=first.occurred_at,
        last_occurred_at=first.occurred_at,
        detected_at=now,
        last_detected_at=now,
    )


def _revive(incident: Incident, decision: Decision, rows: Sequence[Anomaly], now: datetime) -> None:
    """Opens an incident again: one that was resolved too early, or one that was withdrawn too soon."""
    if decision.reason == "reopened":
        incident.status, incident.resolved_at, incident.resolved_by = Status.OPEN, None, ""
        incident.mitigated_at = None
        incident.reopened += 1
    elif decision.reason == "returned":
        incident.withdrawn_at = None
        incident.detected_at = now
        incident.occurred_at = incident.last_occurred_at = min(row.occurred_at for row in rows)


def _tell(incident: Incident, decision: Decision, rows: Sequence[Anomaly], *, run: Run, now: datetime) -> None:
    """The log lines and alerts that new anomalies call for, by the reason they came to this incident."""
    data = {"run_id": run.run_id, "anomalies": len(rows)}
    match decision.reason:
        case "new" | "window_over":
            notify.enqueue(incident=incident, kind=notify.OPENED, now=now)
        case "returned":
            journal.write(incident=incident, kind="returned", by=SYSTEM, now=now, data=data)
            notify.enqueue(incident=incident, kind=notify.OPENED, now=now)
        case "reopened":
            journal.write(incident=incident, kind="reopened", by=SYSTEM, now=now, data=data)
            notify.enqueue(incident=incident, kind=notify.REOPENED, now=now)
        case "late" | "known_false":
            kind = "late" if decision.reason == "late" else "recurred"
            journal.write(incident=incident, kind=kind, by=SYSTEM, now=now, data=data)
