"""What `/-/metrics` says: a project's figures and the state of the whole program, as Prometheus reads them.

Everything is read from the database at the moment of the question, so that the figures are the same
whichever process answers, and outlive each of them. Source: docs/adr/0009-health.md; docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ingestion.limits import is_rejection, refused_ever, refused_since
from monitor.models import Project
from monitor.queries import counters, self_check, status
from monitor.queries.pulses import pulses
from monitor.queries.waiting import latest_pass


def exposition(project: Project, *, accept: str, now: datetime) -> tuple[bytes, str]:
    """The figures as text and their media type: OpenMetrics where the Accept header asks for it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(project, now))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Figures(Collector):
    """All figures of one project at one moment."""

    def __init__(self, project: Project, now: datetime) -> None:
        self.project, self.now = project, now

    def collect(self) -> Iterable[Metric]:
        """Every family of figures, counters first."""
        yield from _counters(self.project)
        yield from _queues(self.project, self.now)
        yield from _state(self.project, self.now)
        yield from _program(self.now)


def _counters(project: Project) -> Iterator[Metric]:
    counted = counters.counted(project)
    for name, text in (
        ("events_accepted", "Events stored for the first time, and durable"),
        ("events_duplicate", "Events that had been received before"),
        ("events_judged", "Events that were judged by the rules"),
    ):
        yield _counter(name, text, counted.get(name, {}).get("", 0))
    lost = refused_ever(project)
    rejected = {reason: n for reason, n in lost.items() if is_rejection(reason)}
    refused = {reason: n for reason, n in lost.items() if not is_rejection(reason)}
    yield _counter(
        "events_rejected", "Events that were not valid, by the field that was wrong", rejected, "reason"
    )
    yield _counter(
        "events_refused",
        "Events kept out before they were looked at: by a limit, or in a body that cannot be read",
        refused,
        "reason",
    )
    errors = counted.get("rule_errors", {})
    yield _counter("rule_errors", "How often a rule raised", errors, "rule")
    attempts = CounterMetricFamily(
        "crosstalk_alert_attempts", "Tries to deliver an alert", labels=["channel_kind", "outcome"]
    )
    for label, value in counted.get("alert_attempts", {}).items():
        kind, _, outcome = label.partition("/")
        attempts.add_metric([kind, outcome], value)
    yield attempts


def _queues(project: Project, now: datetime) -> Iterator[Metric]:
    waiting = counters.queues(project, now=now)
    yield _gauge("lag_events", "Events accepted and not judged yet", waiting.events)
    yield _gauge("lag_seconds", "How long the oldest of them has been waiting", waiting.seconds)
    yield _gauge("queue_depth", "Rows that wait to be worked off, by what they wait for", waiting.depth, "reason")


def _state(project: Project, now: datetime) -> Iterator[Metric]:
    pipeline = status.pipeline(project, now=now)
    oldest = pipeline.oldest_pending_seconds or 0.0
    yield _gauge(
        "pending_events", "Events and further looks at runs that wait to be judged", pipeline.pending_events
    )
    yield _gauge("pending_alerts", "Alerts neither delivered nor given up yet", pipeline.pending_alerts)
    yield _gauge("oldest_pending_seconds", "Age of the oldest of what waits to be judged", oldest)
    yield _gauge("failing_runs", "Runs whose judging raised an error", pipeline.failing_runs)
    yield _gauge("events_last_hour", "Events received in the last hour", pipeline.events_last_hour)
    yield _gauge("anomalies_last_hour", "Anomalies detected in the last hour", pipeline.anomalies_last_hour)
    seconds, runs = latest_pass(project)
    yield _gauge("crowd_seconds", "How long the latest judgement of all runs together took", seconds)
    yield _gauge("crowd_runs", "How many runs it looked at", runs)
    refused = sum(refused_since(project, now - timedelta(hours=1)).values())
    yield _gauge(
        "refused_events", "Events lost to limits and errors in this clock hour and the one before", refused
    )
    failing = {one.rule: one.runs for one in pipeline.failing_rules}
    yield _gauge("rule_failing_runs", "Runs in which a rule raised and says nothing", failing, "rule")
    yield _gauge("incidents", "Incidents by status", status.incidents_by_status(project), "status")


def _program(now: datetime) -> Iterator[Metric]:
    ages = {pulse.name: pulse.age_seconds(now) for pulse in pulses()}
    yield _gauge("pulse_age_seconds", "How long ago a part of the program said that it is alive", ages, "part")
    check = self_check.standing(now=now)
    if check.ok is not None:
        yield _gauge(
            "self_check_ok", "1 while the latest synthetic leak was detected and told in time", int(check.ok)
        )
    if check.seconds is not None:
        yield _gauge("self_check_seconds", "How long the latest detected synthetic leak took", check.seconds)


def _counter(name: str, text: str, values: float | Mapping[str, float], label: str = "") -> Metric:
    family = CounterMetricFamily(f"crosstalk_{name}", text, labels=[label] if label else [])
    return _filled(family, values)


def _gauge(name: str, text: str, values: float | Mapping[str, float], label: str = "") -> Metric:
    family = GaugeMetricFamily(f"crosstalk_{name}", text, labels=[label] if label else [])
    return _filled(family, values)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, values: float | Mapping[str, float]) -> Metric:
    if isinstance(values, Mapping):
        for label, value in values.items():
            family.add_metric([label], value)
    else:
        family.add_metric([], values)
    return family
