"""Anomalies as lists and as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitor.detection.anomaly import Anomaly as FoundAnomaly
from monitor.detection.anomaly import Source
from monitor.models import Anomaly, Project
from monitor.queries.keyset import DEFAULT_LIMIT, Page, newest_first
from monitor.queries.wire import rfc3339


def standing(project: Project) -> QuerySet[Anomaly]:
    """The project's anomalies, without those of withdrawn incidents."""
    return Anomaly.objects.filter(project=project, incident__withdrawn_at=None)


def page(
    project: Project,
    *,
    run_id: str | None = None,
    workflow: str | None = None,
    rule: str | None = None,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Anomaly]:
    """Anomalies, latest detected first; `since` is a bound on `detected_at`, by the server's clock.

    Raises keyset.BadCursor.
    """
    rows = standing(project).select_related("run", "event", "incident")
    wanted = {"run__run_id": run_id, "workflow": workflow, "rule": rule, "detected_at__gte": since}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    return newest_first(rows, by="detected_at", cursor=cursor, limit=limit)


def as_json(anomaly: Anomaly) -> dict[str, Any]:
    """A stored anomaly as the API shows it (INTERFACES.md); its run, event and incident are read along."""
    return {
        **found_as_json(found_of(anomaly)),
        "anomaly_id": str(anomaly.uuid),
        "incident": anomaly.incident.key if anomaly.incident else None,
        "received_at": rfc3339(anomaly.received_at),
        "detected_at": rfc3339(anomaly.detected_at),
    }


def found_as_json(anomaly: FoundAnomaly) -> dict[str, Any]:
    """An anomaly as the command line shows it (INTERFACES.md)."""
    source = anomaly.source
    return {
        "rule": anomaly.rule,
        "class": anomaly.leak_class,
        "severity": anomaly.severity,
        "workflow": anomaly.workflow,
        "run_id": anomaly.run_id,
        "step": anomaly.step,
        "phase": anomaly.phase,
        "attempt": anomaly.attempt,
        "branch": anomaly.branch,
        "path": anomaly.path,
        "expected": anomaly.expected,
        "observed": anomaly.observed,
        "source": None if source is None else _source_as_json(source),
        "occurred_at": rfc3339(anomaly.occurred_at),
        "event_id": anomaly.event_id,
        "message": anomaly.message,
        "evidence": anomaly.evidence,
    }


def _source_as_json(source: Source) -> dict[str, Any]:
    return {
        "run_id": source.run_id,
        "step": source.step,
        "path": source.path,
        "resource": source.resource,
        "event_id": source.event_id,
        "occurred_at": rfc3339(source.occurred_at),
    }


def found_of(anomaly: Anomaly) -> FoundAnomaly:
    """A stored anomaly as the detection core says it; its run and event are read along."""
    source = None
    if anomaly.source_run_id is not None:
        source = Source(
            run_id=anomaly.source_run_id,
            step=anomaly.source_step or "",
            path=anomaly.source_path or "$",
            resource=anomaly.source_resource,
            event_id=anomaly.source_event_id or "",
            occurred_at=anomaly.source_occurred_at or anomaly.occurred_at,
        )
    return FoundAnomaly(
        rule=anomaly.rule,
        severity=anomaly.severity,
        run_id=anomaly.run.run_id,
        workflow=anomaly.workflow,
        step=anomaly.step,
        phase=anomaly.phase,
        attempt=anomaly.attempt,
        branch=anomaly.branch,
        path=anomaly.path,
        expected=anomaly.expected,
        observed=anomaly.observed,
        event_id=anomaly.event.event_id,
        occurred_at=anomaly.occurred_at,
        leak_class=anomaly.leak_class,
        source=source,
        message=anomaly.message,
        owner=anomaly.owner,
        evidence=anomaly.evidence,
    )
