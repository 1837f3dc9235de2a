"""A parallel section of a run: what its branches held and wrote, from the fork on.

Remembered is only what differs from before the fork, and no more than the bounds below; what comes
after them is not judged. Source: RULES.md, Scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.detection.anomaly import Source
from monitor.detection.diff import MISSING, at, member
from monitor.detection.event import Event
from monitor.detection.paths import Location, render
from monitor.detection.scene import Scene
from monitor.detection.snapshot import Part
from monitor.detection.values import same
from monitor.detection.writes import places_set

MAX_EVENTS = 256
MAX_WRITES = 2_000
MAX_BYTES = 262_144
"""Of one section: its events, the places written, and the members that differ from before the fork."""

BEFORE = -1
"""Stands for the moment before the fork where the number of an event is asked for."""

Written = Mapping[str, Mapping[Location, Sequence[int]]]
"""By branch and place, the exits that wrote there: their numbers, in the order in which they were entered."""


def new_section(base: Mapping[str, bytes]) -> dict[str, Any]:
    """A section without an event, as plain data; `base` are the members from before the fork, marshalled."""
    return {"base": base, "events": [], "members": [], "writes": [], "size": 0, "places": 0, "full": False, "judged": 0}


class Section:
    """A section on top of its plain data. Its events are numbered from 0, in the order of the run."""

    __slots__ = ("_parts", "_state")

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._parts: dict[bytes, Part] = {}

    @property
    def is_full(self) -> bool:
        """Whether there was more than is remembered."""
        return bool(self._state["full"])

    @property
    def judged(self) -> int:
        """How many of the events `branch-interference` has judged already."""
        return int(self._state["judged"])

    @judged.setter
    def judged(self, number: int) -> None:
        self._state["judged"] = number

    def __len__(self) -> int:
        return len(self._state["events"])

    def add(self, scene: Scene) -> None:
        """Takes the next event of one of the branches."""
        state, event = self._state, scene.event
        if state["full"]:
            return
        members = _differing(state["base"], scene.snapshot.parts)
        writes = self._writes(scene) if event.phase == "exit" and scene.entered is not None else None
        size = state["size"] + sum([len(form) for form in members.values() if form is not None])
        places = state["places"] + (len(writes[3]) + len(writes[4]) if writes is not None else 0)
        if len(self) >= MAX_EVENTS or size > MAX_BYTES or places > MAX_WRITES:
            state["full"] = True
            return
        kept = scene.snapshot.kept
        row = (kept.event_id, kept.occurred_at, event.workflow, event.step, event.phase, event.attempt, event.branch)
        state["events"].append((*row, event.partial))
        state["members"].append(members)
        state["size"], state["places"] = size, places
        if writes is not None:
            state["writes"].append(writes)

    def _writes(self, scene: Scene) -> tuple[int, int, str | None, list[Location], list[Location]]:
        """What an exit wrote: when it was entered, its number, its branch, its own places, and its other changes."""
        entered, event = scene.entered, scene.event
        if entered is None:
            raise ValueError("an execution without an enter has written nothing that is known")
        begun = next((number for number in self._backwards() if self._row(number)[0] == entered.event_id), BEFORE)
        places = places_set(entered, scene.snapshot)
        shared = self._shared(places, event, begun)
        declared = scene.promise.writes
        contexts = (entered.context, event.context) if declared is not None else ()
        mine, others = [], []
        for place in places:
            is_allowed = declared is None or any(path.covers(place, *contexts) for path in declared)
            (mine if is_allowed and place not in shared else others).append(place)
        return begun, len(self), event.branch, mine, others

    def _shared(self, places: Sequence[Location], event: Event, begun: int) -> Collection[Location]:
        """The places that are a sibling's, because its step and this one work on one object.

        The sibling's step left while this one was at work, and all that it changed has changed here
        too, to the same values, with more besides.
        """
        shared: set[Location] = set()
        for _, left, branch, mine, others in self._state["writes"]:
            theirs = (*mine, *others)
            if branch == event.branch or left < begun or not 0 < len(theirs) < len(places):
                continue
            if shared.issuperset(theirs) or not set(places).issuperset(theirs):
                continue
            if all(same(self.value(left, place), at(event.context, place)) for place in theirs):
                shared.update(theirs)
        return shared

    def _backwards(self) -> Iterator[int]:
        return iter(range(len(self) - 1, -1, -1))

    def _row(self, number: int) -> Any:
        return self._state["events"][number]

    def branch(self, number: int) -> str:
        """The branch of an event."""
        return str(self._row(number)[6])

    def members(self, number: int) -> Mapping[str, bytes | None]:
        """The members of an event's context that differ from before the fork; None is absent."""
        found: Mapping[str, bytes | None] = self._state["members"][number]
        return found

    def value(self, number: int, place: Location) -> Any:
        """What an event holds at a place, or MISSING; `BEFORE` asks for before the fork."""
        name = place[0]
        form = self._state["base"].get(name)
        if number != BEFORE:
            form = self._state["members"][number].get(name, form)
        if form is None:
            return MISSING
        part = self._parts.get(form)
        if part is None:
            part = self._parts[form] = Part(form)
        return at(part.value, place[1:])

    def last(self, branch: str, place: Location) -> Any:
        """What the branch was last seen to hold at a place, or MISSING."""
        for number in self._backwards():
            row = self._row(number)
            if row[6] == branch:
                value = self.value(number, place)
                # What is absent from a partial snapshot may be there all the same.
                if value is not MISSING or not row[7]:
                    return value
        return MISSING

    def exits(self) -> list[int]:
        """The exits of the section."""
        return [number for number in range(len(self)) if self._row(number)[4] == "exit"]

    def written(self, *, since: int = 0, until: int | None = None) -> Written:
        """What the branches wrote; of the exits from number `since` and before number `until` alone."""
        found: dict[str, dict[Location, list[int]]] = {}
        for _, left, branch, mine, _ in sorted(self._state["writes"], key=lambda one: (one[0], one[1])):
            if left >= since and (until is None or left < until):
                places = found.setdefault(branch, {})
                for place in mine:
                    places.setdefault(place, []).append(left)
        return found

    def event(self, number: int, run_id: str) -> Event:
        """An event as a finding names it: without its context."""
        event_id, occurred_at, workflow, step, phase, attempt, branch, partial = self._row(number)
        return Event(
            event_id=event_id,
            occurred_at=datetime.fromisoformat(occurred_at),
            workflow=workflow,
            run_id=run_id,
            step=step,
            phase=phase,
            context={},
            attempt=attempt,
            branch=branch,
            partial=partial,
        )

    def source(self, number: int, run_id: str, place: Location) -> Source:
        """An event as the source of what stands at a place."""
        event = self.event(number, run_id)
        return Source(run_id, event.step, render(place), None, event.event_id, event.occurred_at)


def _differing(base: Mapping[str, bytes], parts: Mapping[str, Part]) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {
        name: part.form for name, part in parts.items() if base.get(name) != part.form
    }
    if len(parts) - len(found) < len(base):
        found.update({name: None for name in base if name not in parts})
    return found


def in_document_order(places: Iterable[Location]) -> list[Location]:
    """The places sorted; a list's index and an object's member may meet in two contexts' one place."""
    return sorted(places, key=lambda place: [(isinstance(part, str), part) for part in place])


def standing_for(place: Location, places: Collection[Location], values: Sequence[Any]) -> Location:
    """The path by which an anomaly names one of the places concerned.

    It is that of the outermost object or list below `$` whose every leaf, in each of the values, is
    concerned, else the place itself (RULES.md, "How often a rule fires"). `values` are the top-level
    member of the place in all contexts that count.
    """
    for depth in range(1, len(place)):
        if _is_concerned(place[:depth], values, places):
            return place[:depth]
        values = _inside(values, place[depth])
    return place


def _is_concerned(location: Location, values: Sequence[Any], places: Collection[Location]) -> bool:
    if location in places:
        return True
    parts: set[str | int] = set()
    for value in values:
        parts.update(value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ())
    return bool(parts) and all(_is_concerned((*location, part), _inside(values, part), places) for part in parts)


def _inside(values: Sequence[Any], part: str | int) -> list[Any]:
    return [inner for value in values if (inner := member(value, part)) is not MISSING]
