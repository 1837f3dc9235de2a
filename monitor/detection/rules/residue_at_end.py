"""residue-at-end: a run ends with what it should have cleaned up."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.values import is_empty


class ResidueAtEnd(Rule):
    """Finds a non-empty key of `cleanup` in a run's final event, failed runs too.

    Why it matters: what a run leaves behind is what the next one finds: no leak yet, but the
    material for one.

    Leaking: an upload fails in its last step and skips the clean-up; `$.tmp` is still there.

    Clean: `$.tmp` is there until the last step, which takes it away before its exit.

    False positives: a key that is meant to outlive the run. Take it off `cleanup`.

    Source: RULES.md, Residue; MAPS.md, `cleanup`.
    """

    id = "residue-at-end"
    title = "A run ends with something to clean up"
    says = "Run {run_id} ends with {observed} still at {place}, which its map cleans up"
    severity = "warning"
    kind = "run"
    needs = "cleanup"
    blame = "inside"
    guide = Guide(
        summary="The final event of a run, failed runs too, holds a non-empty key that cleanup lists.",
        why="What a run leaves behind is what the next one finds: no leak yet, but the material for one.",
        leaking="An upload fails in its last step and skips the clean-up; $.tmp is still there.",
        clean="$.tmp is there until the last step, which takes it away before its exit.",
        false_positives="A key that is meant to outlive the run: take it off cleanup.",
        fix=(
            "Move the clean-up to where it always runs: a finally block, a context manager, an exit handler.",
            "Clean up where the value is made (see the source), not three steps later.",
            "Test the failing path: the run that ends in error must leave nothing either.",
        ),
        source="RULES.md, Residue",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.cleanup)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each key of `cleanup` that the final event still holds."""
        if not scene.final or scene.context_map is None:
            return
        for key in sorted(set(scene.context_map.cleanup)):
            value = scene.event.context.get(key)
            if not is_empty(value):
                yield self.finding(scene, (key,), expected=None, observed=value, wants=value)
