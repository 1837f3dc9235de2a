"""Follows the parallel sections of a run along its events.

A section begins at the first event of one of its branches and ends at the next event of its join
step, or never; what its branches do after that is a section of its own. Source: MAPS.md, `parallel`.
"""

from __future__ import annotations

from typing import Any

from monitor.detection.context_map import ContextMap, Parallel
from monitor.detection.scene import Scene
from monitor.detection.section import Section, new_section

_MEMORY = "branches"


def has_branches(context_map: ContextMap | None) -> bool:
    """Whether the map declares what the rules of branches need."""
    return context_map is not None and bool(context_map.parallel)


def sections_at(scene: Scene) -> list[tuple[Parallel, Section]]:
    """The sections that the event is of, with it already in them."""
    memory, branch = _followed(scene), scene.event.branch
    if branch is None or scene.context_map is None:
        return []
    declared = enumerate(scene.context_map.parallel)
    return [(one, Section(memory["open"][number])) for number, one in declared if branch in one.branches]


def sections_joined(scene: Scene) -> list[tuple[Parallel, Section]]:
    """The sections that end at the event."""
    memory = _followed(scene)
    if not memory["joined"] or scene.context_map is None:
        return []
    declared = scene.context_map.parallel
    return [(declared[number], Section(state)) for number, state in memory["joined"].items()]


def goes_on(scene: Scene, parallel: Parallel) -> bool:
    """Whether a later event that is judged together with this one is of the same section."""
    for one in scene.later:
        if one.event.branch in parallel.branches:
            return True
        if one.event.branch is None and one.event.step == parallel.join:
            return False
    return False


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
    event, context_map = scene.event, scene.context_map
    if memory["open"] and context_map is not None:
        for number, one in enumerate(context_map.parallel):
            if one.join == event.step and number in memory["open"]:
                memory["joined"][number] = memory["open"].pop(number)
    if event.partial:
        memory["shown"].update({name: part.form for name, part in scene.snapshot.parts.items()})
    elif memory["shown"]:
        memory["shown"] = {}


def _pass_branch(scene: Scene, memory: dict[str, Any]) -> None:
    if scene.context_map is None:
        return
    for number, one in enumerate(scene.context_map.parallel):
        if scene.event.branch in one.branches:
            if number not in memory["open"]:
                memory["open"][number] = new_section(_before_fork(scene, memory))
            Section(memory["open"][number]).add(scene)


def _before_fork(scene: Scene, memory: dict[str, Any]) -> dict[str, bytes]:
    """The members that the main line was last seen to hold: the branch's line has just left it."""
    last = scene.line.last
    found = {name: part.form for name, part in last.parts.items()} if last is not None else {}
    return {**found, **memory["shown"]}
