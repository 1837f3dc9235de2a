"""identity-lost: the run's own identity was there, and is gone."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.identity import KINDS
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.snapshot import MISSING


class IdentityLost(Rule):
    """Finds that the run's own execution id, session or tenant is missing where it stood before.

    Why it matters: the next step acts for nobody. It writes under a key without an owner, or takes
    the owner from wherever one is lying around: a loss today is a leak tomorrow.

    Leaking: a task is retried by sending it again without its headers; attempt 2 enters with no
    `$.session_id` and no `$.workflow.execution_id`.

    Clean: the session moves from `$.session_id` to `$.auth.session_id`: it is still in the event.

    False positives: a snapshot that shows only a part of the context. Send it as `partial`: it cannot
    prove that the identity stands nowhere else.

    Source: RULES.md, Identity.
    """

    id = "identity-lost"
    title = "The run's own identity is gone"
    says = "Run {run_id} has lost its own {expected} at {place}"
    severity = "warning"
    kind = "state"
    guide = Guide(
        summary="The run's own execution id, session or tenant stood at a path before, and is missing "
        "or null there now, and nowhere else in the event.",
        why="The next step acts for nobody: it writes under a key without an owner, or picks an owner "
        "up from wherever one lies around.",
        leaking="A task is retried without its headers: attempt 2 has no $.session_id.",
        clean="The session moves to another field of the same event.",
        false_positives="A snapshot that shows only a part of the context: send it as partial.",
        fix=(
            "Compare the event with the one before it on the line: the step in between dropped the field.",
            "Forward headers and context explicitly when you retry, fan out or re-queue.",
            "Make the step fail loudly when its identity is missing, instead of going on without.",
        ),
        source="RULES.md, Identity",
    )

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place where an identity stood and nothing stands now."""
        stood = scene.earlier("own")
        if scene.event.partial or not stood:
            return
        here = {kind for kind, _ in scene.mine}
        lost = [place for place in stood if place[0] not in here and _is_gone(scene, place[1])]
        for kind, location in sorted(lost, key=lambda place: (place[1], KINDS.index(place[0]))):
            yield self.finding(scene, location, expected=scene.own.of(kind), observed=None)


def _is_gone(scene: Scene, location: Location) -> bool:
    value = scene.snapshot.at(location)
    return value is None or value is MISSING
