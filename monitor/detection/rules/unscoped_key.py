"""unscoped-key: a shared resource is written under a key that names nobody."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.keys import finding_of, is_shared_on_purpose, unscoped_writes
from monitor.detection.resources import names_of
from monitor.detection.rule import Guide, Rule, Scene


class UnscopedKey(Rule):
    """Finds a write to a shared resource under a key that holds no id of the run that writes.

    Why it matters: whoever reads the key gets what the last run wrote, whosever that is. The leaks that
    this opens are found one victim at a time; the key is found once.

    Leaking: `scoped_keys: true`, and `Render` writes `redis:render:latest`; or, without it, a run of
    another session reads that key and then shows this run's session.

    Clean: `redis:render:s-1:front` in a run whose session is `s-1`; under `scoped_keys`, a key that a
    `resources` pattern without a placeholder names, such as `redis:price:*`.

    False positives: a key that is shared on purpose. Name it under a step's `resources`. A key that
    holds an id in another form, such as a hash.

    Source: RULES.md, Scope; MAPS.md, `scoped_keys` and `resources`.
    """

    id = "unscoped-key"
    title = "A shared key that names nobody"
    says = "Run {run_id} writes {observed} at {place}, a key that holds none of the run's own ids"
    severity = "high"
    kind = "state"
    needs = "scoped_keys, or a leak"
    guide = Guide(
        summary="A step wrote under a key that holds none of the run's own run id, execution id, session or "
        "tenant as a whole word. Told always where the map sets scoped_keys; without it, once another "
        "session has read the key and shows this run's values.",
        why="Whoever reads the key gets what the last run wrote, whosever that is.",
        leaking="The step writes redis:render:latest, and the next customer is shown this one's picture.",
        clean="The step writes redis:render:s-1:front in a run whose session is s-1.",
        false_positives="A key that is shared on purpose: name it, without a placeholder, under a step's "
        "resources. A key that holds an id in another form, such as a hash.",
        fix=(
            "Put the run's own session, tenant or execution id into the key, between separators.",
            "Give the key a time to live, and delete what was written under the old one.",
            "Find every other place that reads or writes the old key.",
            "If everyone may share it, list it under the step's resources, and see that no customer's data is "
            "in it.",
        ),
        source="RULES.md, Scope",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map wants scoped keys; what a leak shows is found once its source is known (`keys`)."""
        return context_map is not None and context_map.scoped_keys

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at an event that writes under such a key."""
        if not scene.event.accesses:
            return
        names = names_of(scene.event.run_id, scene.own, scene.kin)
        for access in unscoped_writes(scene.event, names):
            if not is_shared_on_purpose(access, scene.context_map):
                yield finding_of(self, scene.event, access, owner=scene.owner)
                return
