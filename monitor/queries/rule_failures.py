"""Which rules raise, and in which runs they therefore say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Sum

from monitor.models import Project, RuleFailure, Run
from monitor.queries.wire import rfc3339

LATEST = 5


@dataclass(frozen=True, slots=True)
class FailingRule:
    """A rule that raised in `runs`, `errors` times in all; the latest time is by our clock."""

    rule: str
    runs: int
    errors: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run in which a rule raised at `count` of its events; `error` is the exception's type."""

    rule: str
    run_id: str
    error: str
    count: int
    last_at: datetime


def failing_rules(project: Project) -> tuple[FailingRule, ...]:
    """The rules that raise, those in most runs first; one query."""
    by_rule = RuleFailure.objects.filter(project=project).values("rule")
    rows = by_rule.annotate(runs=Count("id"), errors=Sum("count"), last=Max("last_at")).order_by("-runs", "rule")
    return tuple(FailingRule(row["rule"], row["runs"], row["errors"], row["last"]) for row in rows)


def failing_rule(project: Project, rule: str) -> FailingRule | None:
    """One rule, if it raises."""
    return next((one for one in failing_rules(project) if one.rule == rule), None)


def latest_failures(project: Project, *, rule: str = "") -> tuple[FailedRun, ...]:
    """The latest `LATEST` runs in which a rule raised; of one rule, or of all."""
    rows = RuleFailure.objects.filter(project=project)
    if rule:
        rows = rows.filter(rule=rule)
    latest = rows.select_related("run").order_by("-last_at", "-id")[:LATEST]
    return tuple(FailedRun(row.rule, row.run.run_id, row.error, row.count, row.last_at) for row in latest)


def failures_in(project: Project, run: Run) -> tuple[FailedRun, ...]:
    """The rules that raised in one run, by name."""
    rows = RuleFailure.objects.filter(project=project, run=run).order_by("rule")
    return tuple(FailedRun(row.rule, run.run_id, row.error, row.count, row.last_at) for row in rows)


def as_json(failing: Sequence[FailingRule], latest: Sequence[FailedRun]) -> dict[str, Any]:
    """The failures as the API's status shows them."""
    return {
        "rule_errors": sum(one.errors for one in failing),
        "rule_errors_by_rule": {one.rule: one.runs for one in failing},
        "rule_errors_latest": [failure_as_json(one) for one in latest],
    }


def failure_as_json(one: FailedRun) -> dict[str, Any]:
    """One rule that raised in one run."""
    return {
        "rule": one.rule,
        "run_id": one.run_id,
        "error": one.error,
        "count": one.count,
        "last_at": rfc3339(one.last_at),
    }
