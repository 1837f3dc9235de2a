"""accumulating-field: an iteration starts with what the one before added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.inside import source_of_note
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.values import canonical


class AccumulatingField(Rule):
    """Finds a list that begins an iteration with what the step added to it in the iteration before.

    Why it matters: what belongs to one order, payslip or customer is sent, paid or printed with the
    next one as well, and the longer the loop runs, the more of it.

    Leaking: the list is made outside the loop: `AddLines` for the second employee enters with the lines
    of the first still in `$.slip.lines`.

    Clean: the list is emptied or made anew before the step is entered again; a retry of the same
    iteration finds what it added; the elements were there before the step added any.

    False positives: a list that collects over all iterations on purpose. Take it off `per_iteration`.

    Source: RULES.md, Residue; MAPS.md, `per_iteration`.
    """

    id = "accumulating-field"
    title = "An iteration starts with what the one before added"
    says = "Run {run_id} begins an iteration with {observed} at {place}, left over from the one before"
    severity = "high"
    kind = "change"
    needs = "per_iteration"
    blame = "inside"
    leak_class = "temporal"
    guide = Guide(
        summary="A list that belongs to one iteration still holds, when its step is entered again, what the "
        "step added to it in the iteration before.",
        why="What belongs to one order or customer is sent, paid or printed with the next one as well, and the "
        "longer the loop runs, the more of it.",
        leaking="The second employee's payslip begins with the lines of the first in $.slip.lines.",
        clean="The list is emptied, or made anew, before the step is entered again.",
        false_positives="A list that collects over all iterations on purpose: take it off per_iteration.",
        fix=(
            "Make the list inside the loop: a new one for each iteration, not one made before it and reused.",
            "Look for a mutable default argument, a class attribute or a captured variable that holds it.",
            "Pass each iteration's list on by value: a copy, not the list that the loop goes on filling.",
            "Check the output of every iteration after the first in the runs affected.",
        ),
        source="RULES.md, Residue",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.per_iteration)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each list that still holds what the step added in its iteration before."""
        if scene.context_map is None:
            return
        for number, path in enumerate(scene.context_map.per_iteration):
            for location, value in path.find(scene.event.context):
                if not isinstance(value, list):
                    continue
                key = (scene.event.step, number, location)
                if scene.event.phase == "exit" and scene.entered is not None:
                    scene.note("added", [key], (_added(scene.entered.at(location), value), *scene.mark))
                elif scene.event.phase == "enter" and scene.event.attempt == 1:
                    yield from self._left_over(scene, key, location, value)

    def _left_over(
        self, scene: Scene, key: tuple[str, int, Location], location: Location, value: list[Any]
    ) -> Iterable[Finding]:
        known = scene.earlier("added").get(key)
        if known is None or known[1] is None:
            return
        scene.note("added", [key], None)
        added = {canonical(one) for one in known[1][0]}
        if any(canonical(one) in added for one in value):
            source = source_of_note(scene.event.run_id, known, location)
            yield self.finding(scene, location, expected=[], observed=value, source=source)


def _added(before: Any, after: list[Any]) -> list[Any]:
    """The elements that a list holds now and did not before, as often as it holds them more often."""
    left = [canonical(one) for one in before] if isinstance(before, list) else []
    found = []
    for one in after:
        form = canonical(one)
        if form in left:
            left.remove(form)
        else:
            found.append(one)
    return found
