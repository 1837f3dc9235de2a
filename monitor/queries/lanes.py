"""A run's steps as lanes over time: the main line, each branch, each child run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.detection.event import Event
from monitor.detection.order import in_order

SHOWN_STEPS = 300


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a step. Seconds are from the run's first event; `row` keeps overlapping ones apart.

    `entered` and `left` are event ids, empty where that event never came. `found` anomalies show at its
    events; `enters` of them for the first time in the run.
    """

    step: str
    attempt: int
    start_seconds: float
    end_seconds: float
    error: bool
    entered: str
    left: str
    found: int
    enters: int
    severity: str
    row: int = 0

    @property
    def seconds(self) -> float:
        """How long it took; 0 where one of its events never came."""
        return self.end_seconds - self.start_seconds

    @property
    def shown_at(self) -> str:
        """The event to look at first: what the step left behind, else what it got."""
        return self.left or self.entered


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of steps; `kind` is main, branch or child, `rows` how many overlap at most."""

    name: str
    kind: str
    executions: tuple[Execution, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Found:
    """The anomalies at one event: how many, how many of them new to the run, the worst severity."""

    count: int
    enters: int
    severity: str


def lanes(
    events: Sequence[Event], children: Sequence[tuple[str, Sequence[Event]]], found: dict[str, Found]
) -> tuple[Lane, ...]:
    """The run's own lines first, in the order in which they begin, then its children."""
    start = min((event.occurred_at for event in events), default=None)
    if start is None:
        return ()
    lines: dict[str | None, list[Event]] = {}
    for event in events:
        lines.setdefault(event.branch, []).append(event)
    ordered = sorted(lines.items(), key=lambda item: item[0] is not None)
    workflow = events[0].workflow
    drawn = [
        _lane(workflow if branch is None else branch, "main" if branch is None else "branch", line, start, found)
        for branch, line in ordered
    ]
    drawn += [_lane(run_id, "child", in_order(line), start, found) for run_id, line in children]
    return tuple(lane for lane in drawn if lane.executions)


def _lane(name: str, kind: str, events: Sequence[Event], start: datetime, found: dict[str, Found]) -> Lane:
    executions = _stacked(_executions(events, start, found))[:SHOWN_STEPS]
    return Lane(name, kind, tuple(executions), max((each.row for each in executions), default=0) + 1)


def _executions(events: Iterable[Event], start: datetime, found: dict[str, Found]) -> list[Execution]:
    """Each `enter` with the `exit` of the same step and attempt that follows it; a lone one stands alone."""
    pending: dict[tuple[str, int], Event] = {}
    drawn = []
    for event in events:
        key = (event.step, event.attempt)
        if event.phase == "enter":
            if key in pending:
                drawn.append(_execution(pending.pop(key), None, start, found))
            pending[key] = event
        else:
            drawn.append(_execution(pending.pop(key, None), event, start, found))
    drawn += [_execution(event, None, start, found) for event in pending.values()]
    return sorted(drawn, key=lambda each: (each.start_seconds, each.end_seconds))


def _execution(entered: Event | None, left: Event | None, start: datetime, found: dict[str, Found]) -> Execution:
    any_event = entered or left
    assert any_event is not None  # noqa: S101 - one of the two is always there
    at = [found[event.event_id] for event in (entered, left) if event and event.event_id in found]
    seconds = [(event.occurred_at - start).total_seconds() for event in (entered, left) if event]
    worst = min((each.severity for each in at), key=_RANK.__getitem__, default="")
    return Execution(
        step=any_event.step,
        attempt=any_event.attempt,
        start_seconds=min(seconds),
        end_seconds=max(seconds),
        error=left is not None and left.status == "error",
        entered=entered.event_id if entered else "",
        left=left.event_id if left else "",
        found=sum(each.count for each in at),
        enters=sum(each.enters for each in at),
        severity=worst,
    )


_RANK = {"critical": 0, "high": 1, "warning": 2, "": 3}


def _stacked(executions: list[Execution]) -> list[Execution]:
    """Overlapping executions of one line stand under each other."""
    ends: list[float] = []
    stacked = []
    for each in executions:
        row = next((at for at, end in enumerate(ends) if end <= each.start_seconds), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = max(each.end_seconds, each.start_seconds)
        stacked.append(replace(each, row=min(row, 5)))
    return stacked
