"""What the rules have found in a project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from monitor.models import Incident, Project

ACTIVE = ("open", "acknowledged")
LATEST = 10


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Incidents of one rule, ever and still active; `last_at` is the latest detection."""

    incidents: int
    active: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class RuleIncident:
    """One incident of a rule."""

    key: str
    title: str
    status: str
    severity: str
    detected_at: datetime


def counts(project: Project) -> dict[str, RuleCount]:
    """By rule; a rule that found nothing is not there."""
    rows = (
        Incident.objects.filter(project=project, withdrawn_at=None)
        .values("rule")
        .annotate(n=Count("id"), active=Count("id", filter=Q(status__in=ACTIVE)), last=Max("detected_at"))
    )
    return {row["rule"]: RuleCount(row["n"], row["active"], row["last"]) for row in rows}


def latest(project: Project, rule_id: str) -> tuple[RuleIncident, ...]:
    """The last `LATEST` incidents of a rule, newest first."""
    found = Incident.objects.filter(project=project, rule=rule_id, withdrawn_at=None)
    return tuple(
        RuleIncident(each.key, each.title, each.status, each.severity, each.detected_at)
        for each in found.order_by("-detected_at", "-id")[:LATEST]
    )
