"""The sentences of several incidents at once, for lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import OuterRef, Subquery

from monitor.models import Anomaly, Incident, IncidentRun, Project, Run
from monitor.queries.sentence import Part, headline


def headlines(project: Project, incidents: Sequence[Incident]) -> dict[int, tuple[Part, ...]]:
    """By incident: the sentence about its first affected run, as its page says it, else its title; 3 queries."""
    first = IncidentRun.objects.filter(incident=OuterRef("pk")).order_by("first_at", "id").values("run")[:1]
    asked = Incident.objects.filter(project=project, pk__in=[each.pk for each in incidents])
    pairs = dict(asked.annotate(first=Subquery(first)).values_list("pk", "first"))
    found = Anomaly.objects.filter(incident__in=pairs.keys(), run__in=pairs.values()).select_related("run")
    leads: dict[int, Anomaly] = {}
    for anomaly in sorted(found.defer("run__state"), key=lead_order):
        if anomaly.incident_id and pairs[anomaly.incident_id] == anomaly.run_id:
            leads.setdefault(anomaly.incident_id, anomaly)
    sources = {each.source_run_id for each in leads.values() if each.source_run_id}
    runs = Run.objects.filter(project=project, run_id__in=sources).defer("state")
    by_id = {run.run_id: run for run in runs}
    said = {}
    for incident in incidents:
        lead = leads.get(incident.pk)
        source = by_id.get(lead.source_run_id) if lead and lead.source_run_id else None
        said[incident.pk] = headline(lead, source) if lead else (Part(incident.title),)
    return said


def lead_order(anomaly: Anomaly) -> tuple[bool, datetime, int]:
    """The anomaly that tells most about a run comes first: one with a source, then the earliest."""
    return anomaly.source_run_id is None, anomaly.occurred_at, anomaly.pk
