"""What the rules have found in a project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from monitor.detection.catalogue import CATALOGUE
from monitor.detection.rule import Rule
from monitor.models import Anomaly, Incident, Project
from monitor.queries.blind import Unheard, needs_identity, needs_map
from monitor.queries.rule_failures import failing_rules

ACTIVE = ("open", "acknowledged")
LATEST = 10
DAYS = 30
COUNTED_AT_MOST = 100_000
"""The anomalies of a rule are counted no further: its page must stay cheap however much it finds."""


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


@dataclass(frozen=True, slots=True)
class RuleHere:
    """What a rule has found in a project: incidents ever and still active, the `LATEST` ones of them.

    `anomalies` were detected in the last `DAYS` days, by our clock; their count stops at COUNTED_AT_MOST.
    """

    incidents: int
    active: int
    anomalies: int
    latest: tuple[RuleIncident, ...]

    @property
    def at_least(self) -> bool:
        """Whether there may be more anomalies than were counted."""
        return self.anomalies >= COUNTED_AT_MOST


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in a list: what it has found, the workflows it could not judge, and in how many runs it failed.

    `on_condition`: it needs what no map declares, so nothing is known of where it can judge.
    """

    rule: Rule
    count: RuleCount | None
    silent: tuple[str, ...]
    failing_runs: int
    on_condition: bool


def rows(project: Project, unheard: Unheard) -> tuple[RuleRow, ...]:
    """Every rule of the catalogue, in its order: two queries."""
    counted = counts(project)
    failing = {one.rule: one.runs for one in failing_rules(project)}
    return tuple(
        RuleRow(
            rule=rule,
            count=counted.get(rule.id),
            silent=unheard.silent[rule.id],
            failing_runs=failing.get(rule.id, 0),
            on_condition=is_on_condition(rule),
        )
        for rule in CATALOGUE
    )


def is_on_condition(rule: Rule) -> bool:
    """Whether the rule needs something that neither a map declares nor a run's identity is."""
    return bool(rule.needs) and not needs_map(rule) and not needs_identity(rule)


def counts(project: Project) -> dict[str, RuleCount]:
    """By rule; a rule that found nothing is not there."""
    rows = (
        Incident.objects.filter(project=project, withdrawn_at=None)
        .values("rule")
        .annotate(n=Count("id"), active=Count("id", filter=Q(status__in=ACTIVE)), last=Max("detected_at"))
    )
    return {row["rule"]: RuleCount(row["n"], row["active"], row["last"]) for row in rows}


def found_by(project: Project, rule_id: str, *, now: datetime) -> RuleHere:
    """What one rule has found: three queries."""
    found = Incident.objects.filter(project=project, rule=rule_id, withdrawn_at=None)
    number = found.aggregate(n=Count("id"), active=Count("id", filter=Q(status__in=ACTIVE)))
    recent = Anomaly.objects.filter(project=project, rule=rule_id, detected_at__gte=now - timedelta(days=DAYS))
    latest = found.order_by("-detected_at", "-id")[:LATEST]
    return RuleHere(
        incidents=number["n"],
        active=number["active"],
        anomalies=recent[:COUNTED_AT_MOST].count(),
        latest=tuple(
            RuleIncident(each.key, each.title, each.status, each.severity, each.detected_at) for each in latest
        ),
    )
