"""accumulating-field: an iteration starts with what the one before added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.inside import source_of_note
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
        event, context_map = scene.event, scene.context_map
        if event.phase == "exit" and scene.entered is not None and context_map is not None:
            for path in context_map.per_iteration:
                for location, value in path.find(event.context):
                    if isinstance(value, list):
                        added = _added(scene.entered.at(location), value)
                        scene.note("added", [(event.step, location)], (added, *scene.mark))
        elif event.phase == "enter" and event.attempt == 1:
            yield from self._left_over(scene)

    def _left_over(self, scene: Scene) -> Iterable[Finding]:
        """Asked at the next enter alone: what a later one holds is not of the iteration before."""
        known = {
            place: note
            for (step, place), note in scene.earlier("added").items()
            if step == scene.event.step and note[1] is not None
        }
        scene.note("added", [(scene.event.step, place) for place in known], None)
        for place in sorted(known):
            value = scene.snapshot.at(place)
            if isinstance(value, list) and _holds_more(value, known[place][1][0]):
                source = source_of_note(scene.event.run_id, known[place], place)
                yield self.finding(scene, place, expected=[], observed=value, source=source)


def _added(before: Any, after: list[Any]) -> dict[str, int]:
    """The elements that a list holds more often than before, by their canonical form: how often it held them."""
    held = Counter(map(canonical, before)) if isinstance(before, list) else Counter[str]()
    return {form: held[form] for form, count in Counter(map(canonical, after)).items() if count > held[form]}


def _holds_more(value: list[Any], added: Mapping[str, int]) -> bool:
    now = Counter(map(canonical, value))
    return any(now[form] > held for form, held in added.items())
