"""residue-at-start: a run starts with what no fresh run has."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.values import is_empty


class ResidueAtStart(Rule):
    """Finds a non-empty top-level key in a run's first event that `inputs` does not list.

    Why it matters: the run did not make it and nobody gave it, so it was left there by another:
    the earliest sight of a leak, before anything has been done with it.

    Leaking: the worker's context still holds `$.payment` of the run before when the next begins.

    Clean: the first event holds the listed inputs and an empty `scratch`.

    False positives: an input that the map forgot. List it under `inputs`.

    Source: RULES.md, Residue; MAPS.md, `inputs`.
    """

    id = "residue-at-start"
    title = "A run starts with something left over"
    says = "Run {run_id} starts with {observed} at {place}, which is none of its inputs"
    severity = "high"
    kind = "run"
    moment = "first"
    needs = "inputs"
    blame = "residue"
    leak_class = "temporal"
    guide = Guide(
        summary="The first event of a run holds a non-empty top-level key that inputs does not list.",
        why="The run did not make it and nobody gave it: another run left it there. This is the "
        "earliest sight of a leak, before anything has been done with it.",
        leaking="The worker's context still holds $.payment of the run before when the next one begins.",
        clean="The first event holds the listed inputs and an empty scratch.",
        false_positives="An input that the map forgot: list it under inputs.",
        fix=(
            "Start each run from a new, empty context and copy the inputs into it, one by one.",
            "Reset thread-locals and context variables when a worker takes up a run, not when it ends one.",
            "If the key is a true input, add it to the map's inputs.",
        ),
        source="RULES.md, Residue",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and context_map.inputs is not None

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each left-over key of the first event."""
        if not scene.first or scene.context_map is None or scene.context_map.inputs is None:
            return
        for key in sorted(scene.event.context.keys() - set(scene.context_map.inputs)):
            value = scene.event.context[key]
            if not is_empty(value):
                yield self.finding(scene, (key,), expected=None, observed=value, wants=value)
