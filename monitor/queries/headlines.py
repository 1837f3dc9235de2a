"""The sentences of several incidents at once, for lists."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import OuterRef, Subquery

from monitor.models import Anomaly, Incident, Project, Run
from monitor.queries.sentence import Part, headline


def headlines(project: Project, incidents: Sequence[Incident]) -> dict[int, tuple[Part, ...]]:
    """By incident: the sentence of the anomaly of its earliest run, else its title. Two queries.

    The first anomaly by run is what the index of an incident's anomalies gives at once, however many.
    """
    of_incident = Anomaly.objects.filter(incident=OuterRef("pk")).order_by("run", "id").values("pk")[:1]
    leads = Incident.objects.filter(pk__in=[each.pk for each in incidents]).annotate(lead=Subquery(of_incident))
    found = Anomaly.objects.filter(pk__in=leads.values("lead")).select_related("run").defer("run__state")
    anomalies = {anomaly.incident_id: anomaly for anomaly in found}
    sources = {each.source_run_id for each in anomalies.values() if each.source_run_id}
    runs = Run.objects.filter(project=project, run_id__in=sources).defer("state")
    by_id = {run.run_id: run for run in runs}
    said = {}
    for incident in incidents:
        lead = anomalies.get(incident.pk)
        source = by_id.get(lead.source_run_id) if lead and lead.source_run_id else None
        said[incident.pk] = headline(lead, source) if lead else (Part(incident.title),)
    return said
