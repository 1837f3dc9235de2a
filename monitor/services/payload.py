"""What an alert says: the incident as the API shows it, its sentence, and where the leak came from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.models import Anomaly, Incident, Project
from monitor.queries.incidents import as_json
from monitor.queries.wire import rfc3339


def incident_payload(incident: Incident, *, kind: str, now: datetime) -> dict[str, Any]:
    """The body of an alert about an incident, as it is at `now`; no context beyond its sentence.

    Shape: `{"type", "timestamp", "data": {the API's incident, "sentence", "source", "project"}}`.
    """
    data = {
        **as_json(incident),
        "sentence": incident.title,
        "source": _source(incident),
        "project": incident.project.slug,
    }
    return {"type": kind, "timestamp": rfc3339(now), "data": data}


def test_payload(project: Project, *, by: str, now: datetime) -> dict[str, Any]:
    """The body of a test message: it says who asked for it, and is about no incident."""
    data = {"message": f"This is a test of the webhook, asked for by {by}.", "project": project.slug}
    return {"type": "test", "timestamp": rfc3339(now), "data": data}


def program_payload(project: Project, *, kind: str, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The body of an alert about the program itself, as the project's receivers get it."""
    return {"type": kind, "timestamp": rfc3339(now), "data": {**data, "project": project.slug}}


def _source(incident: Incident) -> dict[str, Any] | None:
    """The run, step, path and resource that the incident's most telling anomaly came from."""
    known = Anomaly.objects.filter(project=incident.project_id, incident=incident, source_run_id__isnull=False)
    first = known.order_by("source_resource", "occurred_at", "id").first()
    if first is None:
        return None
    return {
        "run_id": first.source_run_id,
        "step": first.source_step,
        "path": first.source_path,
        "resource": first.source_resource,
    }
