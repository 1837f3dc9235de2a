"""The runs that an incident touches, the first ones first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.models import Anomaly, Incident, IncidentRun

SHOWN_RUNS = 10


@dataclass(frozen=True, slots=True)
class AffectedRun:
    """A run of the incident, and where the leak entered it first; times by the senders' clocks."""

    run_id: str
    workflow: str
    session: str | None
    tenant: str | None
    step: str
    phase: str
    source_run_id: str | None
    lag_seconds: float | None
    first_at: datetime


def affected_runs(incident: Incident) -> tuple[AffectedRun, ...]:
    """The first `SHOWN_RUNS` of them. Two queries."""
    affected = IncidentRun.objects.filter(incident=incident)
    rows = list(affected.select_related("run").order_by("first_at", "id")[:SHOWN_RUNS])
    first: dict[int, Anomaly] = {}
    entered = Anomaly.objects.filter(incident=incident, run__in=[row.run_id for row in rows])
    for anomaly in entered.order_by("run", "occurred_at", "id").distinct("run"):
        first[anomaly.run_id] = anomaly
    return tuple(_affected(row, first.get(row.run_id)) for row in rows)


def _affected(row: IncidentRun, entered: Anomaly | None) -> AffectedRun:
    source_at = entered.source_occurred_at if entered else None
    return AffectedRun(
        run_id=row.run.run_id,
        workflow=row.run.workflow,
        session=row.session,
        tenant=row.tenant,
        step=entered.step if entered else "",
        phase=entered.phase if entered else "",
        source_run_id=entered.source_run_id if entered else None,
        lag_seconds=(entered.occurred_at - source_at).total_seconds() if entered and source_at else None,
        first_at=row.first_at,
    )
