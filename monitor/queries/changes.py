"""What a step changed in the context: its exit compared with its entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from monitor.detection.event import Event
from monitor.detection.paths import Location, render
from monitor.detection.values import same

MAX_CHANGES = 500
"""Of one step; what changed beyond that is said to be cut off."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs: a leaf, or the highest object or list that came or went as a whole."""

    path: str
    kind: Literal["added", "changed", "removed"]
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class StepChanges:
    """What happened between two snapshots: `before` is the step's enter, else the event just before.

    Where neither is there (`before` is None) nothing can be said. `cut_off`: there are more changes.
    """

    event: Event
    before: Event | None
    changes: tuple[Change, ...]
    cut_off: bool


def changes_of(events: Sequence[Event]) -> list[StepChanges]:
    """For each exit of a run's events, which must be in order, what its step changed.

    What a partial snapshot lacks proves nothing: it was not added after it, nor removed before it.
    """
    found: list[StepChanges] = []
    entered: dict[tuple[str, int, str | None], Event] = {}
    latest: dict[str | None, Event] = {}
    for event in events:
        key = (event.step, event.attempt, event.branch)
        if event.phase == "enter":
            entered[key] = event
        else:
            before = entered.pop(key, None) or latest.get(event.branch) or latest.get(None)
            found.append(_compare(event, before))
        latest[event.branch] = event
    return found


def _compare(event: Event, before: Event | None) -> StepChanges:
    if before is None:
        return StepChanges(event, None, (), cut_off=False)
    unproven = {"added": before.partial, "removed": event.partial, "changed": False}
    all_changes = (change for change in differences(before.context, event.context) if not unproven[change.kind])
    changes = tuple(islice(all_changes, MAX_CHANGES + 1))
    return StepChanges(event, before, changes[:MAX_CHANGES], cut_off=len(changes) > MAX_CHANGES)


def differences(before: Any, after: Any, at: Location = ()) -> Iterator[Change]:
    """The places where two JSON values differ, in document order (EVENTS.md)."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            if name not in before:
                yield Change(render((*at, name)), "added", None, after[name])
            elif name not in after:
                yield Change(render((*at, name)), "removed", before[name], None)
            else:
                yield from differences(before[name], after[name], (*at, name))
    elif isinstance(before, list) and isinstance(after, list):
        for index, (left, right) in enumerate(zip(before, after, strict=False)):
            yield from differences(left, right, (*at, index))
        for index in range(len(before), len(after)):
            yield Change(render((*at, index)), "added", None, after[index])
        for index in range(len(after), len(before)):
            yield Change(render((*at, index)), "removed", before[index], None)
    elif not same(before, after):
        yield Change(render(at), "changed", before, after)
