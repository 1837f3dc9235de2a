"""lost-update: what a branch wrote is not there after the join."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.branches import has_branches, sections_joined
from monitor.detection.context_map import ContextMap, Parallel
from monitor.detection.diff import MISSING, at, leaf_changes
from monitor.detection.paths import Location, covers
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.section import BEFORE, Section
from monitor.detection.snapshot import Snapshot
from monitor.detection.standing import in_document_order, standing_for
from monitor.detection.values import canonical, same
from monitor.detection.writes import is_hollow


class LostUpdate(Rule):
    """Finds that what a branch wrote is not there after the join.

    Why it matters: a check that was made counts as not made, a reservation is forgotten: the run goes
    on without the result, and nothing has failed.

    Leaking: the join merges with `{**stock, **fraud}`: the `$.checks` of the fraud branch replaces that
    of the stock branch whole, and `$.checks.stock` is gone.

    Clean: the join sums what the branches counted: another value is a merge. It appends their lists
    to each other: an element may stand elsewhere in the list.

    False positives: a join that drops an interim result on purpose: let the branch drop it before
    the join, or leave it out of the `writes` of its step. A value that the join works out anew, which by
    chance is the one from before the fork.

    Source: RULES.md, Scope; MAPS.md, `parallel`.
    """

    id = "lost-update"
    title = "What a branch wrote is lost at the join"
    says = "Run {run_id} has {observed} at {place}, after the join, where a branch wrote {expected}"
    severity = "critical"
    kind = "change"
    needs = "parallel"
    leak_class = "spatial"
    guide = Guide(
        summary="The first event of the join step lacks what a branch wrote, or holds a sibling's value or the "
        "one from before the fork in its place.",
        why="A check that was made counts as not made, a reservation is forgotten: the run goes on without the "
        "result, and nothing has failed.",
        leaking="The join merges with {**stock, **fraud}: the $.checks of the fraud branch replaces that of the "
        "stock branch whole, and $.checks.stock is gone.",
        clean="The join sums what the branches counted, or appends their lists to each other.",
        false_positives="A join that drops an interim result on purpose: let the branch drop it before the join. "
        "A value that the join works out anew and that happens to be the one from before.",
        fix=(
            "Look at the source: the step whose write was lost, and what the join holds in its place.",
            "Merge path by path instead of member by member; let two branches write the same path only where "
            "the join says how both values become one.",
            "Start the join from what all branches return, never from the context of one of them.",
            "Add up counters and append to lists at the join, instead of setting them in the branches.",
        ),
        source="RULES.md, Scope",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return has_branches(context_map)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place that lost what a branch wrote, at the first event of the join step."""
        for parallel, section in sections_joined(scene):
            if not section.is_full:
                yield from self._judge(scene, parallel, section)

    def _judge(self, scene: Scene, parallel: Parallel, section: Section) -> Iterable[Finding]:
        lost, run_id = Join(scene.snapshot, parallel, section).lost(), scene.event.run_id
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


class Join:
    """The event that joins a section, beside what the branches wrote."""

    __slots__ = ("_context", "_elements", "_parallel", "_partial", "_section", "_written")

    def __init__(self, snapshot: Snapshot, parallel: Parallel, section: Section) -> None:
        self._context = snapshot.event.context
        self._partial = snapshot.event.partial
        self._parallel = parallel
        self._section = section
        self._written = section.written()
        self._elements: dict[tuple[Location, Location], set[str]] = {}

    def lost(self) -> dict[Location, int]:
        """The places that lost what a branch wrote, each with the exit whose write it was.

        Where two branches lost what they wrote at one place, it is that of the branch that the map
        lists first.
        """
        found: dict[Location, int] = {}
        for branch in self._parallel.branches:
            for place, exits in self._written.get(branch, {}).items():
                if place not in found and self._is_lost(branch, place):
                    found[place] = self._section.entered_last(exits)
        return found

    def _is_lost(self, branch: str, place: Location) -> bool:
        kept, held = self._section.last(branch, place), at(self._context, place)
        if kept is MISSING or (held is not MISSING and same(kept, held)):
            return False
        changes = leaf_changes(kept, held, losses=not self._partial)
        if all(is_hollow(one.before) and is_hollow(one.after) for one in changes):
            return False
        if held is not MISSING and not any(same(held, value) for value in self._others(branch, place)):
            return False
        return not self._stands_elsewhere(branch, place, kept)

    def _others(self, branch: str, place: Location) -> Iterable[Any]:
        """What stood at a place before the fork, and what siblings wrote there: another value is a merge."""
        yield self._section.value(BEFORE, place)
        for sibling in self._parallel.branches:
            if sibling != branch:
                for number in self._written.get(sibling, {}).get(place, ()):
                    yield self._section.value(number, place)

    def _stands_elsewhere(self, branch: str, place: Location, kept: Any) -> bool:
        """Whether some element of a list around the place shows all that the branch wrote in this one."""
        for depth, part in enumerate(place):
            items = at(self._context, place[:depth]) if isinstance(part, int) else None
            if not isinstance(items, list) or not self._is_in(items, place, depth, kept):
                continue
            inner = [one for one in self._written[branch] if covers(place[: depth + 1], one)]
            wrote = [(one[depth + 1 :], self._section.last(branch, one)) for one in inner]
            shown = [(rest, value) for rest, value in wrote if value is not MISSING]
            if any(all(same(at(item, rest), value) for rest, value in shown) for item in items):
                return True
        return False

    def _is_in(self, items: list[Any], place: Location, depth: int, kept: Any) -> bool:
        """Whether some element shows this value at all; most lost ones are told by that alone."""
        around, rest = place[:depth], place[depth + 1 :]
        known = self._elements.get((around, rest))
        if known is None:
            held = [inner for item in items if (inner := at(item, rest)) is not MISSING]
            known = self._elements[around, rest] = set(map(canonical, held))
        return canonical(kept) in known
