"""undeclared-resource: a step touched a shared resource that its map does not allow."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.resources import is_allowed, names_of
from monitor.detection.rule import Guide, Rule, Scene


class UndeclaredResource(Rule):
    """Finds an access to a shared resource that matches none of the step's `resources`.

    Why it matters: what runs share is how values get from one to another; a key that nobody declared
    is one that nobody scoped, and where the next leak will go through.

    Leaking: `resources: ["redis:cart:{session}"]`, and the step reads `redis:cart:current`.

    Clean: the step reads `redis:cart:s-1` in a run whose own session is `s-1`.

    False positives: a resource that the map forgot, such as a metrics key. List a pattern for it.

    Source: RULES.md, Scope; MAPS.md, `resources`.
    """

    id = "undeclared-resource"
    title = "A step touched a resource that it does not declare"
    says = "Run {run_id} touched {observed} in {place}, which its map does not allow there"
    severity = "warning"
    kind = "state"
    needs = "the step's resources"
    guide = Guide(
        summary="A step touched a shared resource that matches none of the patterns in its resources.",
        why="What runs share is how values get from one to another; a key that nobody declared is one that "
        "nobody scoped.",
        leaking="The step may touch redis:cart:{session}, and reads redis:cart:current.",
        clean="The step reads redis:cart:s-1 in a run whose own session is s-1.",
        false_positives="A resource that the map forgot, such as a metrics key: list a pattern for it.",
        fix=(
            "Put the run's own session, tenant or execution id into the key, as the pattern says.",
            "If the resource is right, add a pattern for it to the step's resources.",
            "Look at who else reads and writes this key.",
        ),
        source="RULES.md, Scope",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what some step may touch."""
        return context_map is not None and any(step.resources is not None for step in context_map.steps.values())

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at an event with such an access, for the first of them."""
        if not scene.event.accesses or (patterns := scene.promise.resources) is None:
            return
        names = names_of(scene.event.run_id, scene.own, scene.kin)
        for access in scene.event.accesses:
            resource = f"{access.store}:{access.key}"
            if not is_allowed(resource, patterns, names):
                yield self.finding(scene, (), expected=list(patterns), observed=resource)
                return
