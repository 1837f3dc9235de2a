"""lost-update: what a branch wrote is not there after the join."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.branches import has_branches, sections_joined
from monitor.detection.context_map import ContextMap, Parallel
from monitor.detection.diff import MISSING, at, leaf_changes
from monitor.detection.paths import Location, covers
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.section import BEFORE, Section, Written, in_document_order, standing_for
from monitor.detection.snapshot import Snapshot
from monitor.detection.values import same


class LostUpdate(Rule):
    """TBD."""

    id = "lost-update"
    title = "What a branch wrote is lost at the join"
    says = "Run {run_id} has {observed} at {place}, after the join, where a branch wrote {expected}"
    severity = "critical"
    kind = "change"
    needs = "parallel"
    leak_class = "spatial"
    guide = Guide("TBD", "", "", "", "", (), "")

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return has_branches(context_map)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place that lost what a branch wrote, at the first event of the join step."""
        for parallel, section in sections_joined(scene):
            if not section.is_full:
                yield from self._judge(scene, parallel, section)

    def _judge(self, scene: Scene, parallel: Parallel, section: Section) -> Iterable[Finding]:
        lost, run_id = _lost(scene.snapshot, parallel, section), scene.event.run_id
        context, exits = scene.event.context, section.exits()
        found: dict[Location, int] = {}
        for place in in_document_order(lost):
            top = place[:1]
            values = [section.value(number, top) for number in (BEFORE, *exits)]
            path = standing_for(place, lost, [*values, at(context, top)])
            found.setdefault(path, lost[place])
        for path, writer in found.items():
            yield self.finding(
                scene,
                path,
                expected=section.value(writer, path),
                observed=at(context, path),
                source=section.source(writer, run_id, path),
            )


def _lost(join: Snapshot, parallel: Parallel, section: Section) -> dict[Location, int]:
    """The places that lost what a branch wrote, each with the exit whose write it was.

    Where two branches lost what they wrote at one place, it is that of the branch that the map lists first.
    """
    written = section.written()
    found: dict[Location, int] = {}
    for branch in parallel.branches:
        for place, exits in written.get(branch, {}).items():
            if place not in found and _is_lost(join, branch, place, section, written):
                found[place] = exits[-1]
    return found


def _is_lost(join: Snapshot, branch: str, place: Location, section: Section, written: Written) -> bool:
    kept, held = section.last(branch, place), at(join.event.context, place)
    if kept is MISSING or not leaf_changes(kept, held, losses=not join.event.partial):
        return False
    if held is not MISSING:
        others = [places.get(place, ()) for sibling, places in written.items() if sibling != branch]
        theirs = [section.value(number, place) for exits in others for number in exits]
        if not any(same(held, value) for value in (section.value(BEFORE, place), *theirs)):
            return False
    return not _stands_elsewhere(join, branch, place, section, written)


def _stands_elsewhere(join: Snapshot, branch: str, place: Location, section: Section, written: Written) -> bool:
    """Whether some element of the list around the place shows all that the branch wrote in this one."""
    for depth, part in enumerate(place):
        items = at(join.event.context, place[:depth]) if isinstance(part, int) else None
        if isinstance(items, list):
            inner = [one for one in written[branch] if covers(place[: depth + 1], one)]
            wrote = [(one[depth + 1 :], section.last(branch, one)) for one in inner]
            if any(all(same(at(item, rest), value) for rest, value in wrote) for item in items):
                return True
    return False
