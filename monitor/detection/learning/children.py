"""Learns `children`: what a child run begins with of its parent's context, and what the parent has of it after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.detection.context_map import ChildPromise
from monitor.detection.diff import MISSING, at, leaves
from monitor.detection.executions import Execution
from monitor.detection.learning.cover import cover
from monitor.detection.learning.past import Names, Past, named_leaves, names_of
from monitor.detection.learning.proposal import LeftOut, Line, Support
from monitor.detection.paths import Location, render
from monitor.detection.runs import Run
from monitor.detection.snapshot import changes
from monitor.detection.spawning import spawning_execution
from monitor.detection.values import is_empty, same

_RARE = "rare: look whether it is meant to"


@dataclass(frozen=True, slots=True)
class _Spawned:
    """What one child shared with its parent, as places that names lead to.

    `filled` and `unlike` are the places of its first context that are not empty, and that the
    parent had otherwise or not at all at the spawning step's enter; `passed` those that count as
    passed (RULES.md, child-overreach). `known` are the places of the parent's context at that
    step's exit, `returned` those that the step changed to what the child had there, `set` those
    that it left changed and not empty. `failed` where the child ended in error.
    """

    filled: frozenset[Names]
    unlike: frozenset[Names]
    passed: frozenset[Names]
    known: frozenset[Names] = frozenset()
    returned: frozenset[Names] = frozenset()
    set: frozenset[Names] = frozenset()
    failed: bool = False


def children(past: Past, support: Support) -> Iterator[Line | LeftOut]:
    """`passes`, `requires`, `returns` and `error_paths` of each child workflow that enough runs were seen of."""
    seen: defaultdict[str, list[_Spawned]] = defaultdict(list)
    for child, parent in past.children:
        execution = spawning_execution(child, parent.run, ChildPromise())
        if execution is not None and execution.enter is not None and not execution.enter.event.partial:
            seen[child.workflow].append(_spawned(child, execution))
    for workflow in sorted(seen):
        spawned = seen[workflow]
        if len(spawned) < support.min_runs:
            why = f"{len(spawned)} clean child runs were seen; {support.min_runs} are needed"
            yield LeftOut(f"children.{workflow}", why)
        else:
            yield from _of_workflow(workflow, spawned, support)


def _spawned(child: Run, execution: Execution) -> _Spawned:
    first = child.snapshots[0].event.context
    before = execution.enter.event.context if execution.enter is not None else {}
    began = dict(named_leaves(first))
    passed = (place for place, value in leaves(first) if _counts(value) and at(before, place) == value)
    spawned = _Spawned(
        filled=frozenset(place for place, value in began.items() if not is_empty(value)),
        unlike=frozenset(place for place, value in began.items() if not same(value, at(before, place))),
        passed=frozenset(map(names_of, passed)),
        failed=_status(child) == "error",
    )
    return _with_return(spawned, child, execution)


def _counts(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _status(child: Run) -> str:
    final = [event for event in child.events if event.final]
    return (final or child.events)[-1].status


def _with_return(spawned: _Spawned, child: Run, execution: Execution) -> _Spawned:
    if execution.exit is None or execution.enter is None:
        return spawned
    changed = [one for one in changes(execution.enter.kept, execution.exit) if one.after is not MISSING]
    returned = (one.location for one in changed if _had(child, one.location, one.after))
    return replace(
        spawned,
        known=frozenset(place for place, _ in named_leaves(execution.exit.event.context)),
        returned=frozenset(map(names_of, returned)),
        set=frozenset(names_of(one.location) for one in changed if not is_empty(one.after)),
    )


def _had(child: Run, location: Location, value: Any) -> bool:
    held = (snapshot.at(location) for snapshot in child.snapshots)
    return any(one is not MISSING and same(one, value) for one in held)


def _of_workflow(name: str, spawned: Sequence[_Spawned], support: Support) -> Iterator[Line]:
    of, place = len(spawned), ("children", name)
    passed = _union(one.passed for one in spawned)
    required: list[Line] = []
    for one in cover(passed, passed | _union(one.unlike for one in spawned)):
        below = frozenset(one.places)
        yield _line((*place, "passes"), one.place, [child.passed for child in spawned], below, support)
        if one.place and all(_is_filled(one.place, child) for child in spawned):
            note = "never empty when it begins"
            required.append(Line((*place, "requires"), render(one.place), of, of, "child runs", note))
    yield from required
    returned = _union(one.returned for one in spawned)
    for one in cover(returned, _union(one.known for one in spawned)):
        below = frozenset(one.places)
        yield _line((*place, "returns"), one.place, [child.returned for child in spawned], below, support)
    yield from _error_paths((*place, "error_paths"), spawned)


def _error_paths(at_: tuple[str, ...], spawned: Sequence[_Spawned]) -> Iterator[Line]:
    """Where the parent always holds something after a failed child, and never after another."""
    failed = [one.set for one in spawned if one.failed]
    if failed:
        ok = _union(one.set for one in spawned if not one.failed)
        for place in sorted(frozenset.intersection(*failed) - ok):
            yield Line(at_, render(place), len(failed), len(failed), "child runs that failed")


def _is_filled(place: Names, child: _Spawned) -> bool:
    return any(one[: len(place)] == place for one in child.filled)


def _union(sets: Iterable[frozenset[Names]]) -> frozenset[Names]:
    return frozenset[Names]().union(*sets)


def _line(
    at_: tuple[str, ...],
    place: Names,
    sightings: Sequence[frozenset[Names]],
    below: frozenset[Names],
    support: Support,
) -> Line:
    of, seen = len(sightings), sum(not below.isdisjoint(one) for one in sightings)
    rare = support.is_rare(seen, of)
    return Line(at_, render(place), seen, of, "child runs", _RARE if rare else "", rare)
