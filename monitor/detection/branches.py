"""Follows the parallel sections of a run along its events.

A section begins at the first event of one of its branches and ends at the next event of its join
step, or never; what its branches do after that is a section of its own. Sections of the map that
have a branch in common are followed as one. Source: MAPS.md, `parallel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from monitor.detection.context_map import ContextMap, Parallel
from monitor.detection.scene import Scene
from monitor.detection.section import Section, new_section

_MEMORY = "branches"


@dataclass(frozen=True, slots=True)
class Group:
    """Sections of a map that are followed as one: nearly always it is one.

    `branches` are in the order of the map, `siblings` by branch those that a section lists together
    with it, `joins` the steps that end it.
    """

    parallel: tuple[Parallel, ...]
    branches: tuple[str, ...]
    siblings: Mapping[str, frozenset[str]]
    joins: frozenset[str]

    @classmethod
    def of(cls, parallel: Sequence[Parallel]) -> Group:
        """The group of these sections."""
        branches = tuple(dict.fromkeys(name for one in parallel for name in one.branches))
        siblings = {
            name: frozenset(other for one in parallel if name in one.branches for other in one.branches) - {name}
            for name in branches
        }
        return cls(tuple(parallel), branches, siblings, frozenset(one.join for one in parallel))


@lru_cache(maxsize=256)
def groups_of(parallel: tuple[Parallel, ...]) -> tuple[Group, ...]:
    """The sections of a map, put together where they have a branch in common."""
    groups: list[list[Parallel]] = []
    for one in parallel:
        near = [group for group in groups if any(set(one.branches) & set(other.branches) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), one])
    return tuple(map(Group.of, groups))


def has_branches(context_map: ContextMap | None) -> bool:
    """Whether the map declares what the rules of branches need."""
    return context_map is not None and bool(context_map.parallel)


def section_at(scene: Scene) -> tuple[Group, Section] | None:
    """The section that the event is of, with the event already in it."""
    memory, branch = _followed(scene), scene.event.branch
    if branch is not None:
        for number, group in enumerate(_groups(scene)):
            if branch in group.siblings:
                return group, Section(memory["open"][number])
    return None


def sections_joined(scene: Scene) -> list[tuple[Parallel, Section]]:
    """The sections of the map that end at the event, with what they were followed as."""
    memory = _followed(scene)
    if not memory["joined"]:
        return []
    groups, step = _groups(scene), scene.event.step
    joined = [(groups[number], Section(state)) for number, state in memory["joined"].items()]
    return [(one, section) for group, section in joined for one in group.parallel if one.join == step]


def goes_on(scene: Scene, group: Group) -> bool:
    """Whether a later event that is judged together with this one is of the same section."""
    for one in scene.later:
        if one.event.branch in group.siblings:
            return True
        if one.event.branch is None and one.event.step in group.joins:
            return False
    return False


def _groups(scene: Scene) -> tuple[Group, ...]:
    return groups_of(scene.context_map.parallel) if scene.context_map is not None else ()


def _followed(scene: Scene) -> dict[str, Any]:
    """The run's sections with this event taken in, once, whichever rule asks first."""
    memory: dict[str, Any] | None = scene.memory.get(_MEMORY)
    if memory is None:
        memory = scene.memory[_MEMORY] = {"number": -1, "shown": {}, "open": {}, "joined": {}}
    if memory["number"] != scene.number:
        memory["number"] = scene.number
        if memory["joined"]:
            memory["joined"] = {}
        if scene.event.branch is None:
            _pass_main(scene, memory)
        else:
            _pass_branch(scene, memory)
    return memory


def _pass_main(scene: Scene, memory: dict[str, Any]) -> None:
    event = scene.event
    if memory["open"]:
        for number, group in enumerate(_groups(scene)):
            if number in memory["open"] and event.step in group.joins:
                memory["joined"][number] = memory["open"].pop(number)
    if event.partial:
        memory["shown"].update({name: part.form for name, part in scene.snapshot.parts.items()})
    elif memory["shown"]:
        memory["shown"] = {}


def _pass_branch(scene: Scene, memory: dict[str, Any]) -> None:
    for number, group in enumerate(_groups(scene)):
        siblings = group.siblings.get(scene.event.branch or "")
        if siblings is not None:
            if number not in memory["open"]:
                memory["open"][number] = new_section(_before_fork(scene, memory))
            Section(memory["open"][number]).add(scene, siblings)


def _before_fork(scene: Scene, memory: dict[str, Any]) -> dict[str, bytes]:
    """The members that the main line was last seen to hold: the branch's line has just left it."""
    last = scene.line.last
    found = {name: part.form for name, part in last.parts.items()} if last is not None else {}
    return {**found, **memory["shown"]}
