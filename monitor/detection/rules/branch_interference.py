"""branch-interference: a branch holds what a sibling branch wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.branches import goes_on, has_branches, sections_at
from monitor.detection.context_map import ContextMap, Parallel
from monitor.detection.diff import MISSING, at
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, Rule, Scene, finding_at
from monitor.detection.section import BEFORE, Section, in_document_order, standing_for
from monitor.detection.values import same

Writes = Mapping[str, Mapping[Location, Sequence[tuple[int, Any]]]]
"""By branch and place, the exits that wrote there, and the values that they wrote."""
Leak = tuple[Location, int]
"""A path of an event, and the number of the exit that wrote what stands there."""


class BranchInterference(Rule):
    """TBD."""

    id = "branch-interference"
    title = "A branch holds what a sibling branch wrote"
    says = "Run {run_id} has {observed} at {place} before the join, which a sibling branch wrote"
    severity = "high"
    kind = "state"
    needs = "parallel"
    leak_class = "spatial"
    guide = Guide("TBD", "", "", "", "", (), "")

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return has_branches(context_map)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each such place of the section's events, told once no more of them are known.

        A sibling's step writes between its enter and its exit: an event may hold the value before
        the exit that proves whose it is. So an exit can add findings to earlier events.
        """
        for parallel, section in sections_at(scene):
            if not goes_on(scene, parallel):
                yield from self._judge(scene, parallel, section)

    def _judge(self, scene: Scene, parallel: Parallel, section: Section) -> Iterable[Finding]:
        told, run_id = section.judged, scene.event.run_id
        section.judged = len(section)
        fresh = {place[0] for places in section.written(since=told).values() for place in places}
        before, now = _writes(section, parallel, told), _writes(section, parallel, len(section))
        asked: dict[Any, list[Leak]] = {}
        for number in range(len(section)):
            if number < told and fresh.isdisjoint(section.members(number)):
                continue
            known = _leaks(section, number, before) if number < told else []
            # What a step leaves with, the next one is often entered with.
            alike = section.branch(number), frozenset(section.members(number).items())
            leaks = asked.get(alike)
            if leaks is None:
                leaks = asked[alike] = _leaks(section, number, now)
            if not set(leaks).issuperset(known):
                scene.is_revised = True
            for place, writer in leaks:
                if (place, writer) not in known:
                    yield finding_at(
                        self,
                        section.event(number, run_id),
                        place,
                        owner=scene.owner,
                        expected=section.value(BEFORE, place),
                        observed=section.value(number, place),
                        source=section.source(writer, run_id, place),
                    )


def _writes(section: Section, parallel: Parallel, until: int) -> Writes:
    """What each branch wrote at the exits before a number, in the order of the map."""
    written = section.written(until=until) if until else {}
    return {
        branch: {
            place: [(one, section.value(one, place)) for one in exits] for place, exits in written[branch].items()
        }
        for branch in parallel.branches
        if branch in written
    }


def _leaks(section: Section, number: int, writes: Writes) -> list[Leak]:
    """Where an event holds what a sibling wrote, by the paths that stand for it, in document order."""
    places = _held_of_siblings(section, number, writes)
    if not places:
        return []
    found: dict[Location, int] = {}
    for place, writer in places.items():
        value = section.value(number, place[:1])
        found.setdefault(standing_for(place, places, [value]), writer)
    return [(place, found[place]) for place in in_document_order(found)]


def _held_of_siblings(section: Section, number: int, writes: Writes) -> dict[Location, int]:
    """The places at which the event holds what only siblings wrote, each with the exit that did.

    Of several siblings that wrote it, the one that the map lists last is named, by its first such exit.
    """
    mine = section.branch(number)
    tops = {name: section.value(number, (name,)) for name in section.members(number)}
    found: dict[Location, int] = {}
    for branch, places in writes.items():
        for place, exits in places.items() if branch != mine else ():
            top = tops.get(place[0], MISSING)
            value = at(top, place[1:]) if top is not MISSING else MISSING
            if value is MISSING or _is_hollow(value):
                continue
            writer = next((one for one, written in exits if same(value, written)), None)
            if writer is None or same(value, section.value(BEFORE, place)):
                continue
            own = writes.get(mine, {}).get(place, ())
            if not any(same(value, written) for _, written in own):
                found[place] = writer
    return found


def _is_hollow(value: object) -> bool:
    """An empty object or list holds nothing that could be a sibling's."""
    return isinstance(value, (dict, list)) and not value
