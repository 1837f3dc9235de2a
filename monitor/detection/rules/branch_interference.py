"""branch-interference: a branch holds what a sibling branch wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.branches import Group, goes_on, has_branches, section_at
from monitor.detection.context_map import ContextMap
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, Rule, Scene, finding_at
from monitor.detection.section import BEFORE, Section
from monitor.detection.standing import in_document_order, standing_for
from monitor.detection.values import same
from monitor.detection.write_tree import WriteTree
from monitor.detection.writes import is_hollow

Leak = tuple[Location, int]
"""A path of an event, and the number of the exit that wrote what stands there."""


class BranchInterference(Rule):
    """Finds that a branch's context holds, before the join, what a sibling branch wrote.

    Why it matters: the branches work on one object. What one of them decides depends on how far the
    others have come by then, no two runs go alike, and a branch that fails leaves half its work to the others.

    Leaking: the fork hands one dict to all branches; the fraud branch leaves its step with
    `$.checks.stock`, which only a step of the stock branch wrote.

    Clean: each branch works on a copy. Both set `$.checks.status` to the same value themselves, and
    hold `$.checks.version` from before the fork.

    False positives: branches that pass values to each other on purpose: then they are no branches
    of one section, take them out of `parallel`. A branch whose own exit was not sent, so that
    nothing shows that it wrote the same value itself.

    Source: RULES.md, Scope; MAPS.md, `parallel`.
    """

    id = "branch-interference"
    title = "A branch holds what a sibling branch wrote"
    says = "Run {run_id} has {observed} at {place} before the join, which a sibling branch wrote"
    severity = "high"
    kind = "state"
    needs = "parallel"
    leak_class = "spatial"
    guide = Guide(
        summary="Before the join, a branch's context holds a value that a sibling branch wrote there, that this "
        "branch did not write, and that was not there before the fork.",
        why="The branches work on one object: what one of them decides depends on how far the others have come "
        "by then, and no two runs go alike.",
        leaking="The fork hands one dict to all branches: the fraud branch holds $.checks.stock, which only the "
        "stock branch wrote.",
        clean="Each branch works on a copy; both set $.checks.status to the same value themselves.",
        false_positives="Branches that pass values to each other on purpose: take them out of parallel. A branch "
        "whose own exit was not sent, so that nothing shows that it wrote the value too.",
        fix=(
            "Look at the source: the step of the sibling branch that wrote the value.",
            "Give each branch a deep copy of the context at the fork: a shallow one shares what is below the top.",
            "Let each branch return only what it made, and put the results together at the join.",
            "Replay the run with the branches in another order, and see that each still decides the same.",
        ),
        source="RULES.md, Scope",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return has_branches(context_map)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each such place of the section's events, told once no more of them are known.

        A sibling's step writes between its enter and its exit: an event may hold the value before
        the exit that proves whose it is. So an exit can add findings to earlier events.
        """
        found = section_at(scene)
        if found is not None and not goes_on(scene, found[0]):
            yield from self._judge(scene, *found)

    def _judge(self, scene: Scene, group: Group, section: Section) -> Iterable[Finding]:
        run_id = scene.event.run_id
        for number, known, leaks in _news(section, group):
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


def _news(section: Section, group: Group) -> Iterable[tuple[int, Sequence[Leak], Sequence[Leak]]]:
    """The events of which something new is known: the leaks that were known of each, and those that are."""
    told, section.judged = section.judged, len(section)
    now = WriteTree(section, group.branches)
    if told:
        before = WriteTree(section, group.branches, until=told)
        fresh = WriteTree(section, group.branches, since=told)
        touched = [number for number in range(told) if _holds_any(fresh, number)]
        yield from (
            (number, _leaks(section, number, before, group), _leaks(section, number, now, group))
            for number in touched
        )
    asked: dict[Any, Sequence[Leak]] = {}
    for number in range(told, len(section)):
        # What a step leaves with, the next one is often entered with.
        alike = section.branch(number), frozenset(section.members(number).items())
        leaks = asked.get(alike)
        if leaks is None:
            leaks = asked[alike] = _leaks(section, number, now, group)
        yield number, (), leaks


def _leaks(section: Section, number: int, tree: WriteTree, group: Group) -> Sequence[Leak]:
    """Where an event holds what a sibling wrote, by the paths that stand for it, in document order."""
    places = _held_of_siblings(section, number, tree, group)
    found: dict[Location, int] = {}
    for place, writer in places.items():
        value = section.value(number, place[:1])
        found.setdefault(standing_for(place, places, [value]), writer)
    return [(place, found[place]) for place in in_document_order(found)]


def _holds_any(tree: WriteTree, number: int) -> bool:
    return any(one.writer(value) is not None for writes, value in tree.met_by(number) for one in writes)


def _held_of_siblings(section: Section, number: int, tree: WriteTree, group: Group) -> dict[Location, int]:
    """The places at which the event holds what only siblings wrote, each with the exit that did.

    Of several siblings that wrote it, the one that the map lists last is named, by its first such exit.
    """
    mine = section.branch(number)
    siblings = group.siblings[mine]
    found: dict[Location, tuple[int, int]] = {}
    for writes, value in tree.met_by(number):
        if len(writes) == 1 and writes[0].branch == mine:
            continue
        place = writes[0].place
        held = [
            (one, writer) for one in writes if one.branch in siblings and (writer := one.writer(value)) is not None
        ]
        if not held or is_hollow(value) or same(value, section.value(BEFORE, place)):
            continue
        if not any(one.branch == mine and one.writer(value) is not None for one in writes):
            found[place] = held[0][0].order, held[-1][1]
    return {place: writer for place, (_, writer) in sorted(found.items(), key=lambda one: one[1])}
