"""One run: its steps over time, and its context at the event that one looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.detection.event import Event as ContextEvent
from monitor.detection.order import in_order
from monitor.models import Anomaly, Event, Incident, Project, Run
from monitor.queries.events import as_event
from monitor.queries.lanes import Found, Lane, lanes
from monitor.queries.rule_failures import FailedRun, failures_in
from monitor.queries.run_point import Point, point_of

SHOWN_EVENTS = 2_000
SHOWN_ANOMALIES = 1_000
SHOWN_CHILDREN = 20
CHILD_EVENTS = 200
_SEVERITIES = ("critical", "high", "warning")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the context at the start, at most (and where), and at the end."""

    first: int
    most: int
    most_at: str
    last: int


@dataclass(frozen=True, slots=True)
class RunPage:
    """What the page of one run says; `total` events are stored, at most `SHOWN_EVENTS` are drawn."""

    run: Run
    lanes: tuple[Lane, ...]
    span_seconds: float
    total: int
    shown: int
    anomalies: int
    entered_at: str
    entered: int
    stayed: bool
    last_step: str
    severity: str
    gone_to: tuple[str, ...]
    failures: tuple[FailedRun, ...]
    incidents: tuple[Incident, ...]
    sizes: Sizes | None
    point: Point | None


def run_page(project: Project, run: Run, *, at: str, path: str) -> RunPage:
    """The run with the event `at` (an event id) in view; else the first that shows something, else the first."""
    rows = list(Event.objects.filter(project=project, run=run).order_by("occurred_at", "id")[:SHOWN_EVENTS])
    bytes_of = {row.event_id: row.context_bytes for row in rows}
    events = in_order([as_event(row) for row in rows])
    order = {event.event_id: number for number, event in enumerate(events)}
    found = list(
        Anomaly.objects.filter(project=project, run=run)
        .select_related("event", "run")
        .defer("event__body")
        .order_by("occurred_at", "id")[:SHOWN_ANOMALIES]
    )
    found.sort(key=lambda each: order.get(each.event.event_id, len(order)))
    here = _chosen(events, found, at)
    first = found[0] if found else None
    return RunPage(
        run=run,
        lanes=lanes(events, _children(project, run), _by_event(found)),
        span_seconds=_span(events),
        total=run.event_count if run.event_count > len(rows) else len(rows),
        shown=len(rows),
        anomalies=len(found),
        entered_at=first.step if first else "",
        entered=len({(each.rule, each.path) for each in found if first and each.step == first.step}),
        stayed=bool(found) and bool(events) and found[-1].event.event_id == events[-1].event_id,
        last_step=found[-1].step if found else "",
        severity=next((each for each in _SEVERITIES if any(one.severity == each for one in found)), ""),
        gone_to=_gone_to(project, run),
        failures=failures_in(project, run),
        incidents=_incidents(project, found),
        sizes=_sizes(events, bytes_of),
        point=point_of(run, events, here, found=found, path=path, bytes_of=bytes_of) if here is not None else None,
    )


def _chosen(events: Sequence[ContextEvent], found: Sequence[Anomaly], at: str) -> int | None:
    wanted = at or (found[0].event.event_id if found else "")
    for number, event in enumerate(events):
        if event.event_id == wanted:
            return number
    return 0 if events else None


def _by_event(found: Sequence[Anomaly]) -> dict[str, Found]:
    counts: Counter[str] = Counter()
    enters: Counter[str] = Counter()
    worst: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for each in found:
        key = each.event.event_id
        counts[key] += 1
        if (each.rule, each.path) not in seen:
            seen.add((each.rule, each.path))
            enters[key] += 1
        worst[key] = min(worst.get(key, each.severity), each.severity, key=_SEVERITIES.index)
    return {key: Found(counts[key], enters[key], worst[key]) for key in counts}


def _children(project: Project, run: Run) -> list[tuple[str, list[ContextEvent]]]:
    runs = list(
        Run.objects.filter(project=project, parent_run_id=run.run_id).order_by("first_at")[:SHOWN_CHILDREN]
    )
    rows = Event.objects.filter(project=project, run__in=runs).order_by("occurred_at", "id")
    by_run: dict[str, list[ContextEvent]] = {child.run_id: [] for child in runs}
    for row in rows[: CHILD_EVENTS * max(len(runs), 1)] if runs else ():
        event = as_event(row)
        by_run[event.run_id].append(event)
    return list(by_run.items())


def _gone_to(project: Project, run: Run) -> tuple[str, ...]:
    """Other runs into which something of this run leaked."""
    victims = Anomaly.objects.filter(project=project, source_run_id=run.run_id).exclude(run=run)
    return tuple(victims.order_by("run__run_id").values_list("run__run_id", flat=True).distinct()[:10])


def _incidents(project: Project, found: Sequence[Anomaly]) -> tuple[Incident, ...]:
    pks = {each.incident_id for each in found if each.incident_id}
    if not pks:
        return ()
    return tuple(Incident.objects.filter(project=project, pk__in=pks, withdrawn_at=None).order_by("number"))


def _span(events: Sequence[ContextEvent]) -> float:
    times = [event.occurred_at for event in events]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def _sizes(events: Sequence[ContextEvent], bytes_of: dict[str, int]) -> Sizes | None:
    if not events:
        return None
    largest = max(events, key=lambda event: bytes_of[event.event_id])
    return Sizes(
        first=bytes_of[events[0].event_id],
        most=bytes_of[largest.event_id],
        most_at=largest.step,
        last=bytes_of[events[-1].event_id],
    )
