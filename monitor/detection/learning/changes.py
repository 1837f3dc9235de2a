"""What each step of a past run changed, and what a step at work at the same time changed alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitor.detection.diff import MISSING, Change, at
from monitor.detection.executions import Execution
from monitor.detection.learning.past import Names, PastRun, names_of
from monitor.detection.paths import Location
from monitor.detection.snapshot import Snapshot, changes
from monitor.detection.values import canonical

MAX_OVERLAPPING = 64

Set = frozenset[tuple[Location, str]]
"""The places that an execution set, each with the value that it left there."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one execution of a step did, by the snapshots of its two ends.

    `alone` are the places that it alone set, `shared` those that another step, which is named, was
    at work at and shows set alike: the two may share one object, and then one of them did not do it.
    `dropped` are the places that are gone after it.
    """

    step: str
    alone: frozenset[Names]
    shared: frozenset[tuple[str, Names]]
    dropped: frozenset[Names]


@dataclass(frozen=True, slots=True)
class _Span:
    """An execution with the places of its enter and exit in the run, and its changes."""

    step: str
    branch: str | None
    first: int
    last: int
    changed: tuple[Change, ...]
    set: Set
    after: Snapshot


def done_in(past_run: PastRun) -> Iterator[Done]:
    """What the executions of a run's steps did, those of which both ends were seen."""
    order = {id(snapshot): number for number, snapshot in enumerate(past_run.snapshots)}
    spans = [span for one in past_run.run.executions if (span := _span(one, order)) is not None]
    spans.sort(key=lambda span: span.last)
    alike: list[dict[Location, str]] = [{} for _ in spans]
    for number, span in enumerate(spans):
        for earlier in range(max(0, number - MAX_OVERLAPPING), number):
            other = spans[earlier]
            if other.last > span.first and _may_share(other, span):
                for location, _ in other.set & span.set:
                    alike[number].setdefault(location, other.step)
                    alike[earlier].setdefault(location, span.step)
    for span, theirs in zip(spans, alike, strict=True):
        yield _done(span, theirs)


def _span(one: Execution, order: dict[int, int]) -> _Span | None:
    if one.enter is None or one.exit is None:
        return None
    changed = tuple(changes(one.enter.kept, one.exit))
    written = frozenset((one.location, canonical(one.after)) for one in changed if one.after is not MISSING)
    branch = one.exit.event.branch
    return _Span(one.step, branch, order[id(one.enter)], order[id(one.exit)], changed, written, one.exit)


def _may_share(other: _Span, span: _Span) -> bool:
    """Whether two steps at work at the same time may have one object, so that what both show one of them did.

    Branches mostly have copies of their own; that they share one shows where the later exit has all that the
    sibling set, and more. Source: RULES.md, Scope, "the branches share one object".
    """
    if other.step == span.step:
        return False
    return other.branch == span.branch or (bool(other.set) and other.set < span.set)


def _done(span: _Span, theirs: dict[Location, str]) -> Done:
    alone: set[Names] = set()
    shared: set[tuple[str, Names]] = set()
    dropped: set[Names] = set()
    for change in span.changed:
        place = names_of(change.location)
        if change.after is MISSING and at(span.after.event.context, place) is MISSING:
            dropped.add(_gone(place, span.after))
        elif change.location in theirs:
            shared.add((theirs[change.location], place))
        else:
            alone.add(place)
    return Done(span.step, frozenset(alone), frozenset(shared), frozenset(dropped))


def _gone(place: Names, after: Snapshot) -> Names:
    """The shallowest place above a removed one that is gone with it."""
    return next(place[:size] for size in range(1, len(place) + 1) if after.at(place[:size]) is MISSING)


def resolved(done: Done, alone: Mapping[str, frozenset[Names]], judged: frozenset[str]) -> frozenset[Names]:
    """The places that count as set by the step itself.

    `alone` are the places that each step ever set alone. A shared one is the other step's where only
    that one ever sets it alone, and is among those that are `judged` by a list of their own.
    """
    mine = alone[done.step]
    kept = (
        place
        for other, place in done.shared
        if place in mine or other not in judged or place not in alone.get(other, frozenset())
    )
    return done.alone.union(kept)


def ever_alone(all_done: Iterable[Done]) -> dict[str, frozenset[Names]]:
    """The places that each step ever set alone."""
    found: dict[str, set[Names]] = {}
    for done in all_done:
        found.setdefault(done.step, set()).update(done.alone)
    return {step: frozenset(places) for step, places in found.items()}
