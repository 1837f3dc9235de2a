"""Runs of one workflow with the same input and another output. Source: RULES.md, `divergent-output`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.diff import MISSING, at, leaf_changes
from monitor.detection.event import Event
from monitor.detection.likeness import input_digest, nameless, output_digest
from monitor.detection.paths import Location
from monitor.detection.rule import Rule, finding_at
from monitor.detection.runs import Run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made of its input: when it began, by the sender's clock, and digests of both."""

    run_id: str
    number: int
    began: datetime
    given: bytes
    made: bytes


def ends_of(run: Run) -> tuple[Event, Event] | None:
    """The first and the final event of a run that has ended."""
    finals = [event for event in run.events if event.final]
    return (run.events[0], finals[-1]) if finals else None


def outcome_of(run: Run) -> Outcome | None:
    """The outcome of a run of a deterministic workflow that has ended and was seen whole at both ends."""
    context_map, ends = run.context_map, ends_of(run)
    if context_map is None or not context_map.deterministic or ends is None:
        return None
    given, made = input_digest(ends[0], context_map), output_digest(*ends, context_map)
    if given is None or made is None:
        return None
    return Outcome(run.run_id, run.number, run.first_at, given, made)


def diverging(outcomes: Iterable[Outcome], load: Callable[[Outcome], Run], rule: Rule) -> Iterable[Finding]:
    """A finding in each run whose output differs from the most frequent one of its input.

    The outcomes are of one workflow; `load` gives the run of one. Of outputs that are equally
    frequent that of the earliest run counts.
    """
    groups: dict[bytes, list[Outcome]] = {}
    for one in sorted(outcomes, key=lambda one: (one.began, one.run_id, one.number)):
        groups.setdefault(one.given, []).append(one)
    for group in groups.values():
        reference = reference_of(group)
        for one in group:
            if one.made != reference.made:
                yield from divergence(load(one), load(reference), rule)


def reference_of(group: Sequence[Outcome]) -> Outcome:
    """The earliest run with the most frequent output; the outcomes are of one input, by when they began."""
    counts = Counter(one.made for one in group)
    return max(group, key=lambda one: counts[one.made])


def divergence(run: Run, reference: Run, rule: Rule) -> Iterable[Finding]:
    """A finding at the first path at which the run's output differs from that of the reference."""
    ends, others = ends_of(run), ends_of(reference)
    if ends is None or others is None:
        return
    mine, theirs = _output(*others, reference.context_map), _output(*ends, run.context_map)
    for place in sorted(mine.keys() | theirs.keys(), key=_in_document):
        before, after = mine.get(place, MISSING), theirs.get(place, MISSING)
        if leaf_changes(before, after):
            yield finding_at(rule, ends[1], place, owner=run.number, expected=before, observed=after)
            return


def _output(first: Event, final: Event, context_map: ContextMap | None) -> dict[Location, Any]:
    """What the final context adds or changes, leaf by leaf; what replaces a value of another kind is one."""
    before, after = nameless(first, context_map), nameless(final, context_map)
    changed = (one.location for one in leaf_changes(before, after) if one.after is not MISSING)
    places = dict.fromkeys(_replacing(before, place) for place in changed)
    return {place: at(after, place) for place in places}


def _replacing(before: Any, place: Location) -> Location:
    for length in range(1, len(place)):
        value = at(before, place[:length])
        if value is not MISSING and not isinstance(value, (dict, list)):
            return place[:length]
    return place


def _in_document(place: Location) -> list[tuple[bool, str | int]]:
    return [(isinstance(part, str), part) for part in place]
