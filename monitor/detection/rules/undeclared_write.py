"""undeclared-write: a step changed what it does not declare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.diff import MISSING, Change, collapse, spell_out
from monitor.detection.paths import Covering, Location, covers
from monitor.detection.rule import Guide, Rule, Scene


class UndeclaredWrite(Rule):
    """Finds what a step set, changed or removed that neither it nor a step at work beside it declares.

    Why it matters: the other steps trust a value that, as far as anyone has declared, nobody touches.
    It breaks far from where it was changed; and a step that changes what it never names often holds an
    object that somebody else owns.

    Leaking: `PrintLabel: {writes: [$.label]}`, and the step leaves with `$.address.city` in capitals.

    Clean: `FetchRates` declares `$.rates` and sets it while `PrintLabel` is at work; a step removes what
    it lists under `drops`.

    False positives: a result that the map forgot. List it under `writes`; a step without `writes` is not
    judged.

    Source: RULES.md, Scope; MAPS.md, `steps`.
    """

    id = "undeclared-write"
    title = "A step changed what it does not declare"
    says = "Run {run_id} changed {expected} to {observed} at {place}, which the step does not declare"
    severity = "warning"
    kind = "change"
    needs = "the step's writes"
    moment = "exit"
    guide = Guide(
        summary="Between a step's enter and exit a path outside its writes was set, changed or (outside its "
        "drops) removed, and no step at work at the same time declares it.",
        why="The other steps trust a value that, as far as anyone has declared, nobody touches: it breaks far "
        "from where it was changed.",
        leaking="The step writes $.label, and leaves with $.address.city in capitals.",
        clean="A step at work beside it declares $.rates and sets it; a step removes what it lists under drops.",
        false_positives="A result that the map forgot: list it under writes. A step that lists no writes is "
        "not judged.",
        fix=(
            "Compare the step's enter with its exit, and find the line that changes the path: an in-place "
            "edit of an argument, a merge of a whole response, a shared default.",
            "If the step should not touch it, give the step a copy, and return only what it declares.",
            "If it should, list the path under the step's writes, or under drops where it only removes it.",
            "Look at what the later steps of this run did with the changed value.",
        ),
        source="RULES.md, Scope",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what some step writes."""
        return context_map is not None and any(step.writes is not None for step in context_map.steps.values())

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place that the step changed outside its `writes` and `drops`."""
        context_map, promise = scene.context_map, scene.promise
        if promise.writes is None or context_map is None or scene.entered is None:
            return
        steps = [promise, *(context_map.steps[one] for one in scene.overlapping if one in context_map.steps)]
        writes = Covering.of(tuple(step.writes for step in steps if step.writes))
        drops = Covering.of(tuple(step.drops for step in steps if step.drops))
        before, after = scene.entered.context, scene.event.context
        places, replaced = [], []
        for one in _leaves(scene.changes, writes, before, after):
            if one.replaced is not None:
                replaced.append(one)
            elif one.after is not MISSING or not drops.covers(one.location, before, after):
                places.append(one.location)
        if not places:
            return
        places += [one.location for one in replaced if _goes_with(one, places)]
        for change in collapse(places, before, after):
            yield self.finding(scene, change.location, expected=change.before, observed=change.after)


def _leaves(changes: Iterable[Change], writes: Covering, before: Any, after: Any) -> Iterable[Change]:
    """The leaves of what changed outside `writes`, and those that went with what was replaced."""
    for change in changes:
        if change.replaced is None and writes.covers(change.location, before, after):
            continue
        found: list[Change] = []
        spell_out(change, found)
        yield from (
            one for one in found if one.replaced is not None or not writes.covers(one.location, before, after)
        )


def _goes_with(change: Change, places: list[Location]) -> bool:
    """Whether what the leaf was replaced with is among the places."""
    around = change.replaced or ()
    return any(covers(around, place) for place in places)
