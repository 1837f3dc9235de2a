"""uncleared-field: a field that must be clear holds something."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import At, ContextMap
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.values import is_empty


class UnclearedField(Rule):
    """Finds a field that is there and not empty where the map says it must be clear.

    Why it matters: what is left from the last use is used again: a discount of an earlier cart, a
    gift message for somebody else.

    Leaking: `must_be_clear: [{path: $.gift, at: run.start}]`, and the run on a reused worker starts
    with the gift of the run before.

    Clean: `$.promo` is there and holds `[]`: null, "", [], {}, 0 and false are empty.

    False positives: a step that rightly fills the field before the moment named. Name the moment
    at which it must be clear: `LoadCart.enter`, not `any`.

    Source: RULES.md, Residue; MAPS.md, `must_be_clear`.
    """

    id = "uncleared-field"
    title = "A field that must be clear is not"
    says = "Run {run_id} holds {observed} at {place}, where its map says it must be clear"
    severity = "high"
    kind = "state"
    needs = "must_be_clear"
    blame = "residue"
    leak_class = None
    without_source = "temporal"
    guide = Guide(
        summary="A field is there and not empty where the map says it must be clear.",
        why="What is left from the last use is used again: a discount of an earlier cart, a gift message "
        "for somebody else.",
        leaking="$.gift must be clear at run.start, and a run on a reused worker starts with the gift of "
        "the run before.",
        clean='$.promo is there and holds an empty list: null, "", [], {}, 0 and false are empty.',
        false_positives="A step that rightly fills the field first: name the moment at which it must be "
        "clear, such as LoadCart.enter, instead of any.",
        fix=(
            "Find out who filled it: the source, or else the step before the moment named.",
            "Build the field anew at the start instead of clearing it at the end: an end that fails "
            "clears nothing.",
            "Clear it in a finally block too, where the object outlives the run.",
        ),
        source="RULES.md, Residue",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.must_be_clear)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each such field, at the events its moment names."""
        if scene.context_map is None:
            return
        for promise in scene.context_map.must_be_clear:
            if not _now(promise.at, scene):
                continue
            for location, value in promise.path.find(scene.event.context):
                if not is_empty(value):
                    yield self.finding(scene, location, expected=None, observed=value, wants=value)


def _now(at: At, scene: Scene) -> bool:
    match at.when:
        case "any":
            return True
        case "run.start":
            return scene.first
        case "run.end":
            return scene.final
    return at.step == scene.event.step and at.phase == scene.event.phase
