"""A parallel section of a run: what its branches held and wrote, from the fork on.

Remembered is only what differs from before the fork, and no more than the bounds below; what comes
after them is not judged. Source: RULES.md, Scope.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.detection.anomaly import Source
from monitor.detection.diff import MISSING, at
from monitor.detection.event import Event
from monitor.detection.paths import Location, render
from monitor.detection.scene import Scene
from monitor.detection.snapshot import Kept, Part
from monitor.detection.values import same
from monitor.detection.writes import places_set

MAX_EVENTS = 256
MAX_WRITES = 2_000
MAX_BYTES = 262_144
"""Of one section: its events, the places written, and the members that differ from before the fork."""

BEFORE = -1
"""Stands for the moment before the fork where the number of an event is asked for."""

Written = Mapping[str, Mapping[Location, Sequence[int]]]
"""By branch and place, the exits that wrote there: their numbers, in the order of the run."""
_Exit = tuple[int, int, str | None, Sequence[Location], Sequence[Location]]
"""When it was entered, its number, its branch, the places that it wrote, and those that it changed besides."""


def new_section(base: Mapping[str, bytes]) -> dict[str, Any]:
    """A section without an event, as plain data; `base` are the members from before the fork, marshalled."""
    lists: dict[str, list[Any]] = {"events": [], "members": [], "exits": []}
    return {"base": base, **lists, "bytes": 0, "places": 0, "full": False, "judged": 0}


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

    def add(self, scene: Scene, siblings: Collection[str]) -> None:
        """Takes the next event of one of the branches, with those that are its siblings."""
        state, event = self._state, scene.event
        if state["full"]:
            return
        members = _differing(state["base"], scene.snapshot.parts)
        exit_ = self._exit(scene, scene.entered, siblings) if scene.entered is not None else None
        bytes_ = state["bytes"] + sum([len(form) for form in members.values() if form is not None])
        places = state["places"] + (len(exit_[-2]) + len(exit_[-1]) if exit_ is not None else 0)
        if len(self) >= MAX_EVENTS or bytes_ > MAX_BYTES or places > MAX_WRITES:
            state["full"] = True
            return
        seen = event.branch, event.phase, event.partial
        state["events"].append(
            (*seen, event.event_id, event.occurred_at.isoformat(), event.workflow, event.step, event.attempt)
        )
        state["members"].append(members)
        state["bytes"], state["places"] = bytes_, places
        if exit_ is not None:
            state["exits"].append(exit_)

    def _exit(self, scene: Scene, entered: Kept, siblings: Collection[str]) -> _Exit:
        """What an exit wrote: what it changed inside the step's `writes`, less what is a sibling's."""
        event, declared = scene.event, scene.promise.writes
        begun = self._number_of(entered.event_id)
        places = places_set(entered, scene.snapshot)
        shared = self._shared(places, event, begun, siblings)
        contexts = (entered.context, event.context) if declared is not None else ()
        mine: list[Location] = []
        others: list[Location] = []
        for place in places:
            is_allowed = declared is None or any(path.covers(place, *contexts) for path in declared)
            (mine if is_allowed and place not in shared else others).append(place)
        return begun, len(self), event.branch, mine, others

    def _number_of(self, event_id: str) -> int:
        for number in range(len(self) - 1, -1, -1):
            if self._state["events"][number][3] == event_id:
                return number
        return BEFORE

    def _shared(
        self, places: Sequence[Location], event: Event, begun: int, siblings: Collection[str]
    ) -> Collection[Location]:
        """The places that are a sibling's, because its step and this one work on one object.

        The sibling's step left while this one was at work, and all that it set has been set here
        too, to the same values, with more besides.
        """
        shared: set[Location] = set()
        changed = set(places)
        for _, left, branch, mine, others in self._state["exits"]:
            theirs = (*mine, *others)
            if branch not in siblings or left < begun or not 0 < len(theirs) < len(places):
                continue
            if not changed.issuperset(theirs) or shared.issuperset(theirs):
                continue
            if all(same(self.value(left, place), at(event.context, place)) for place in theirs):
                shared.update(theirs)
        return shared

    def branch(self, number: int) -> str:
        """The branch of an event."""
        return str(self._state["events"][number][0])

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
        for number in range(len(self) - 1, -1, -1):
            theirs, _, partial, *_ = self._state["events"][number]
            if theirs == branch:
                value = self.value(number, place)
                # What is absent from a partial snapshot may be there all the same.
                if value is not MISSING or not partial:
                    return value
        return MISSING

    def exits(self) -> list[int]:
        """The numbers of the exits."""
        return [number for number, (_, phase, *_) in enumerate(self._state["events"]) if phase == "exit"]

    def written(self, *, since: int = 0, until: int | None = None) -> Written:
        """What the branches wrote; of the exits from number `since` and before number `until` alone."""
        found: dict[str, dict[Location, list[int]]] = {}
        for _, left, branch, mine, _ in self._state["exits"]:
            if left >= since and (until is None or left < until):
                places = found.setdefault(branch, {})
                for place in mine:
                    places.setdefault(place, []).append(left)
        return found

    def entered_last(self, exits: Collection[int]) -> int:
        """Which of some exits ends the execution that was entered last."""
        begun = {left: begun for begun, left, *_ in self._state["exits"]}
        return max(exits, key=lambda number: (begun[number], number))

    def event(self, number: int, run_id: str) -> Event:
        """An event as a finding names it: without its context."""
        branch, phase, partial, event_id, occurred_at, workflow, step, attempt = self._state["events"][number]
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
