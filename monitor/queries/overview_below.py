"""Below the first screen: the last hour, this quarter's figures, the pipeline, the workflows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, F, Max, Q

from monitor.metrics.definitions import Figures
from monitor.metrics.periods import Quarter
from monitor.models import Anomaly, Event, Notification, Project, Run
from monitor.queries import metrics, self_check
from monitor.queries.incident_line import epoch_bucket
from monitor.queries.rule_failures import FailingRule, failing_rules
from monitor.queries.self_check import SelfCheckStanding

MINUTES = 60
SHOWN_WORKFLOWS = 20
SAMPLED_RUNS = 50
LEAKS = ("temporal", "spatial", "scoping", "unknown")


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute by our clock: events received in it, anomalies found in it."""

    at: datetime
    events: int
    critical: int
    high: int
    warning: int


@dataclass(frozen=True, slots=True)
class Alerts:
    """Of the last 24 h; `slowest_seconds` is from the change to the receiver's answer."""

    delivered: int
    pending: int
    given_up: int
    slowest_seconds: float | None


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """A workflow's last 24 h. `leaking` runs hold a leak, no broken promise alone.

    `rate` is leaking / runs, None of no runs. `median_bytes` is of the snapshots of the last
    `SAMPLED_RUNS` runs; `last_at` by the senders' clocks.
    """

    name: str
    risk: str
    owner: str
    mapped: bool
    runs: int
    leaking: int
    median_bytes: float | None
    last_at: datetime | None

    @property
    def rate(self) -> float | None:
        """The share of runs that leaked."""
        return self.leaking / self.runs if self.runs else None


@dataclass(frozen=True, slots=True)
class Below:
    """What the lower half of the overview says; `failing` rules raised and say nothing of some runs."""

    minutes: tuple[Minute, ...]
    quarter: str
    figures: Figures
    alerts: Alerts
    failing: tuple[FailingRule, ...]
    self_check: SelfCheckStanding
    workflows: tuple[WorkflowLine, ...]
    workflows_total: int

    @property
    def events(self) -> int:
        """Received in the hour."""
        return sum(minute.events for minute in self.minutes)

    @property
    def anomalies(self) -> int:
        """Found in the hour."""
        return sum(minute.critical + minute.high + minute.warning for minute in self.minutes)

    @property
    def tens(self) -> tuple[Minute, ...]:
        """The hour in spans of ten minutes, for reading."""
        spans = [self.minutes[at : at + 10] for at in range(0, len(self.minutes), 10)]
        return tuple(
            Minute(
                at=span[0].at,
                events=sum(minute.events for minute in span),
                critical=sum(minute.critical for minute in span),
                high=sum(minute.high for minute in span),
                warning=sum(minute.warning for minute in span),
            )
            for span in spans
        )


def below(project: Project, *, now: datetime) -> Below:
    """Everything under the first screen, for the hour, the day and the quarter that end now."""
    zone = ZoneInfo(project.time_zone)
    quarter = Quarter.of(now, zone)
    since, until = quarter.bounds(zone)
    lines = _workflows(project, now)
    return Below(
        minutes=_minutes(project, now),
        quarter=quarter.name,
        figures=metrics.groups(project, since=since, until=until)[0].figures,
        alerts=_alerts(project, now),
        failing=failing_rules(project),
        self_check=self_check.standing(now=now),
        workflows=lines[:SHOWN_WORKFLOWS],
        workflows_total=len(lines),
    )


def _minutes(project: Project, now: datetime) -> tuple[Minute, ...]:
    last = int(now.timestamp()) // 60
    first = last - MINUTES + 1
    since = datetime.fromtimestamp(first * 60, tz=UTC)
    events = Event.objects.filter(project=project, received_at__gte=since)
    received = events.annotate(minute=epoch_bucket("received_at", 60)).values("minute").annotate(n=Count("id"))
    found = Anomaly.objects.filter(project=project, detected_at__gte=since)
    by_minute = found.annotate(minute=epoch_bucket("detected_at", 60)).values("minute", "severity")
    events_in = {int(row["minute"]): row["n"] for row in received}
    anomalies_in = {(int(row["minute"]), row["severity"]): row["n"] for row in by_minute.annotate(n=Count("id"))}
    return tuple(
        Minute(
            at=datetime.fromtimestamp(minute * 60, tz=UTC),
            events=events_in.get(minute, 0),
            critical=anomalies_in.get((minute, "critical"), 0),
            high=anomalies_in.get((minute, "high"), 0),
            warning=anomalies_in.get((minute, "warning"), 0),
        )
        for minute in range(first, last + 1)
    )


def _alerts(project: Project, now: datetime) -> Alerts:
    day = Q(created_at__gte=now - timedelta(days=1))
    found = Notification.objects.filter(project=project).aggregate(
        delivered=Count("id", filter=day & Q(status="delivered")),
        pending=Count("id", filter=Q(status="pending")),
        given_up=Count("id", filter=day & Q(status="given_up")),
        slowest=Max(F("delivered_at") - F("created_at"), filter=day),
    )
    slowest = found.pop("slowest")
    return Alerts(**found, slowest_seconds=slowest.total_seconds() if slowest is not None else None)


_WORKFLOWS = """
SELECT w.name, w.risk, w.owner,
       EXISTS (SELECT 1 FROM monitor_mapversion m WHERE m.workflow_id = w.id),
       (SELECT r.last_at FROM monitor_run r
         WHERE r.project_id = w.project_id AND r.workflow = w.name AND r.last_at IS NOT NULL
         ORDER BY r.last_at DESC LIMIT 1),
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY e.context_bytes)
          FROM (SELECT r.id FROM monitor_run r
                 WHERE r.project_id = w.project_id AND r.workflow = w.name AND r.last_at IS NOT NULL
                 ORDER BY r.last_at DESC, r.id DESC LIMIT %s) sample
          JOIN monitor_event e ON e.run_id = sample.id)
  FROM monitor_workflow w
 WHERE w.project_id = %s
 ORDER BY w.name
"""


def _workflows(project: Project, now: datetime) -> tuple[WorkflowLine, ...]:
    """By leak rate, then by risk, then by name: the one to look at first stands on top."""
    day = now - timedelta(days=1)
    runs = Run.objects.filter(project=project, last_at__gte=day).values("workflow").annotate(n=Count("id"))
    counted = {row["workflow"]: row["n"] for row in runs}
    leaks = Anomaly.objects.filter(project=project, run__last_at__gte=day, leak_class__in=LEAKS)
    leaking = {
        row["workflow"]: row["n"] for row in leaks.values("workflow").annotate(n=Count("run", distinct=True))
    }
    with connection.cursor() as cursor:
        cursor.execute(_WORKFLOWS, [SAMPLED_RUNS, project.pk])
        rows = cursor.fetchall()
    lines = [
        WorkflowLine(
            name=name,
            risk=risk,
            owner=owner,
            mapped=mapped,
            runs=counted.get(name, 0),
            leaking=leaking.get(name, 0),
            median_bytes=median,
            last_at=last_at,
        )
        for name, risk, owner, mapped, last_at, median in rows
    ]
    rank = {"high": 0, "medium": 1, "low": 2, "": 3}
    return tuple(sorted(lines, key=lambda line: (-(line.rate or 0), rank[line.risk], line.name)))
