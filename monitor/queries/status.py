"""Whether everything accepted has been judged and told: what pages and probes ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from monitor.models import Event, Incident, Notification, Project
from monitor.queries import rule_failures
from monitor.queries.anomalies import standing
from monitor.queries.rule_failures import FailedRun, FailingRule
from monitor.queries.waiting import waiting
from monitor.queries.wire import rfc3339

COUNTED_AT_MOST = 100_000
"""Hourly counts stop here: a probe must stay cheap however busy the hour was."""


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """How far judging and alerting are; times and ages by the server's clock.

    `pending_events` counts what is still to be judged: each event, and 1 for each run that is to be
    looked at again without a new event, or together with all others. `failing_runs` are
    those whose judging raised an error; `failing_rules` raised in a run that was judged without them,
    and `failed_runs` are the latest of these. The counts of the last hour stop at COUNTED_AT_MOST.
    """

    pending_events: int
    pending_alerts: int
    oldest_pending_seconds: float | None
    failing_runs: int
    last_event_at: datetime | None
    events_last_hour: int
    anomalies_last_hour: int
    failing_rules: tuple[FailingRule, ...]
    failed_runs: tuple[FailedRun, ...]

    @property
    def settled(self) -> bool:
        """Everything accepted before has been judged, and every alert delivered or given up."""
        return self.pending_events == 0 and self.pending_alerts == 0


def pipeline(project: Project, *, now: datetime) -> PipelineStatus:
    """How far the project's judging and alerting are.

    Alerts are counted after events: judging writes them in the transaction that ends its work, so
    what leaves the first count is in the second.
    """
    hour_ago = now - timedelta(hours=1)
    work = waiting(project)
    events = Event.objects.filter(project=project)
    failing = rule_failures.failing_rules(project)
    last = events.order_by("-received_at").values_list("received_at", flat=True).first()
    return PipelineStatus(
        pending_events=work.events,
        pending_alerts=Notification.objects.filter(project=project, status="pending").count(),
        oldest_pending_seconds=max(0.0, (now - work.oldest).total_seconds()) if work.oldest else None,
        failing_runs=work.failing_runs,
        last_event_at=last,
        events_last_hour=events.filter(received_at__gt=hour_ago)[:COUNTED_AT_MOST].count(),
        anomalies_last_hour=standing(project).filter(detected_at__gt=hour_ago)[:COUNTED_AT_MOST].count(),
        failing_rules=failing,
        failed_runs=rule_failures.latest_failures(project) if failing else (),
    )


def incidents_by_status(project: Project) -> dict[str, int]:
    """How many incidents the project has in each status; withdrawn ones do not count."""
    rows = Incident.objects.filter(project=project, withdrawn_at=None).values("status")
    found = {row["status"]: row["n"] for row in rows.annotate(n=Count("id")).order_by("status")}
    return {status: found.get(status, 0) for status in Incident.Status.values}


def as_json(status: PipelineStatus) -> dict[str, Any]:
    """The status as the API shows it (INTERFACES.md)."""
    return {
        "pending_events": status.pending_events,
        "pending_alerts": status.pending_alerts,
        "oldest_pending_seconds": status.oldest_pending_seconds,
        "failing_runs": status.failing_runs,
        "last_event_at": rfc3339(status.last_event_at),
        "events_last_hour": status.events_last_hour,
        "anomalies_last_hour": status.anomalies_last_hour,
        **rule_failures.as_json(status.failing_rules, status.failed_runs),
    }
