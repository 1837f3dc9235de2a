"""execution-id-changed: another run's execution id stands in the context."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.snapshot import Mark
from monitor.detection.values import differs


class ExecutionIdChanged(Rule):
    """Finds an execution id in the context that is not the run's own.

    Why it matters: from that step on, everything keyed by the id (locks, idempotency keys, traces,
    writes) belongs to another run; two orders become one, or one customer's result is filed under
    another's.

    Leaking: fifty child runs share a module-level `job` dict; each writes its id into it and reads
    it again after an `await`, so that run r-2 goes on with r-1's `$.data.job.pipeline_run_id`.

    Clean: a child carries `$.parent.execution_id`, its parent's id, as a reference beside its own.

    False positives: a field that is only named like an execution id (a reference to an earlier run
    that this one repeats). List it under `identity.ignore`. An ancestor's or a descendant's id
    counts only at the map's identity path, or where the run's own id stood before.

    Source: RULES.md, Identity; EVENTS.md, "Own identity of a run".
    """

    id = "execution-id-changed"
    title = "Another run's execution id in the context"
    says = "Execution id {observed} stands in run {run_id}, whose own is {expected}, at {place}"
    severity = "critical"
    kind = "state"
    blame = "owner"
    leak_class = None
    identity = "execution_id"
    moment = "strange"
    guide = Guide(
        summary="An execution id in the context is not the run's own.",
        why="Locks, idempotency keys, traces and writes keyed by that id now belong to another run: "
        "two runs act as one, and results are filed under the wrong one.",
        leaking="Fifty child runs fill one module-level dict; after an await, run r-2 reads r-1's "
        "pipeline_run_id out of it and carries on with it.",
        clean="A child run keeps its parent's id at $.parent.execution_id, beside its own.",
        false_positives="A field that is named like an execution id but refers to an earlier run on "
        "purpose: list it under identity.ignore.",
        fix=(
            "Find the step named as the source, and what it shares with this run: a module-level "
            "variable, a mutable default argument, a reused worker or connection, a cache key.",
            "Create that object inside the run, or copy it at the step's boundary; pass ids as "
            "arguments, never through shared state.",
            "Put the execution id into every shared key, and drop the object when the run ends.",
            "Replay two runs at the same time and see that each keeps its own id.",
        ),
        source="RULES.md, Identity",
    )

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place that holds a foreign execution id."""
        own = scene.own.execution_id
        if own is None:
            return
        for mark in scene.snapshot.marks:
            if mark.kind == "execution_id" and differs(mark.text, own) and _is_foreign(scene, mark):
                yield self.finding(scene, mark.location, expected=own, observed=mark.value, wants=mark.text)


def _is_foreign(scene: Scene, mark: Mark) -> bool:
    """A relative's id may stand beside the run's own, but not in its place."""
    if mark.mapped or ("execution_id", mark.location) in scene.earlier("own"):
        return True
    relatives = (*scene.kin.ancestors, *scene.kin.descendants)
    return all(mark.text != relative.own.execution_id for relative in relatives)
