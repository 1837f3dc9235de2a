"""A run's context at one event: as a tree, what the step changed, what was found there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.detection.event import Event as ContextEvent
from monitor.detection.paths import PathError, compile_path, render
from monitor.models import Anomaly, Run
from monitor.queries.difference import Difference, difference
from monitor.queries.snapshots import Snapshot, identity_of, mark_of, snapshot
from monitor.queries.tree import Mark, Node, tree

SHOWN_MATCHES = 100


@dataclass(frozen=True, slots=True)
class Point:
    """The event that one looks at. `number` counts from 1 in the run's order; `matches` are those of a path.

    `changed` is against the step's own enter, None where the event is no exit or that enter never came.
    """

    event: ContextEvent
    number: int
    earlier: str
    later: str
    after_start_seconds: float
    snapshot: Snapshot
    path: str
    path_error: str
    matches: tuple[Node, ...] | None
    changed: Difference | None
    anomalies: tuple[Anomaly, ...]
    context_bytes: int


def point_of(
    run: Run,
    events: Sequence[ContextEvent],
    here: int,
    *,
    found: Sequence[Anomaly],
    path: str,
    bytes_of: dict[str, int],
) -> Point:
    """The event number `here` of a run's events in order, narrowed to what `path` matches."""
    event = events[here]
    shown = tuple(each for each in found if each.event.event_id == event.event_id)
    marks = {each.path: mark_of(each) for each in shown if each.path != "$"}
    start = min(each.occurred_at for each in events)
    matches, error = _matches(event, path, marks, run) if path not in ("", "$") else (None, "")
    return Point(
        event=event,
        number=here + 1,
        earlier=events[here - 1].event_id if here else "",
        later=events[here + 1].event_id if here + 1 < len(events) else "",
        after_start_seconds=(event.occurred_at - start).total_seconds(),
        snapshot=snapshot(event, own=identity_of(run), marks=marks),
        path=path or "$",
        path_error=error,
        matches=matches,
        changed=_changed(events, here, frozenset(marks)),
        anomalies=shown,
        context_bytes=bytes_of[event.event_id],
    )


def _changed(events: Sequence[ContextEvent], here: int, foreign: frozenset[str]) -> Difference | None:
    event = events[here]
    if event.phase != "exit" or event.partial:
        return None
    line = (event.step, event.attempt, event.branch)
    for before in reversed(events[:here]):
        if before.phase == "enter" and (before.step, before.attempt, before.branch) == line:
            return None if before.partial else difference(before.context, event.context, foreign=foreign)
    return None


def _matches(
    event: ContextEvent, path: str, marks: dict[str, Mark], run: Run
) -> tuple[tuple[Node, ...] | None, str]:
    try:
        places = compile_path(path).find(event.context)
    except PathError as error:
        return None, str(error)
    own = identity_of(run)
    nodes: list[Node] = []
    for location, value in places[:SHOWN_MATCHES]:
        whole = render(location)
        root = render((whole,))
        below = {root + each[len(whole) :]: mark for each, mark in marks.items() if each.startswith(whole)}
        nodes += tree({whole: value}, marks=below, own=own, rows=200)
    return tuple(nodes), ""
