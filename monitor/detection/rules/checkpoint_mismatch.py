"""checkpoint-mismatch: what was loaded is not what was saved."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.diff import MISSING, shown
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.watched import differing, values_at


class CheckpointMismatch(Rule):
    """Finds a place where the checkpoint that was loaded is not the one that was saved last.

    Why it matters: the run recovers into a state that never was. Everything after it is computed from
    there, and the recovery that was to save the run has corrupted it.

    Leaking: `SaveEpoch` leaves with `$.model.epoch: 7`, the failed step goes on changing the same object,
    and `Restore` leaves with epoch 8 and a loss that belongs to nothing.

    Clean: the context differs outside of the checkpoint's `path`; the checkpoint was saved twice, and the
    later one is loaded.

    False positives: a load that rightly adds something, such as the time of recovery. Narrow the `path`
    to what is saved.

    Source: RULES.md, Integrity; MAPS.md, `checkpoints`.
    """

    id = "checkpoint-mismatch"
    title = "What was loaded is not what was saved"
    says = "Run {run_id} loaded {observed} at {place}, where it had saved {expected}"
    severity = "critical"
    kind = "change"
    needs = "checkpoints"
    blame = "inside"
    moment = "exit"
    guide = Guide(
        summary="What the load step of a checkpoint leaves with differs from what the latest save before it "
        "left with.",
        why="The run recovers into a state that never was, and everything after it is computed from there.",
        leaking="A checkpoint saves epoch 7 by reference, the failed step goes on changing it, and the load "
        "brings back epoch 8.",
        clean="The context differs outside of the checkpoint's path; of two checkpoints the later one is loaded.",
        false_positives="A load that rightly adds something, such as the time of recovery: narrow the path to "
        "what is saved.",
        fix=(
            "See where the loaded value came from: the source names the step that set it after the save.",
            "Save a deep copy, or bytes: a checkpoint that shares objects with the context changes with it.",
            "Key each checkpoint by run and by number, and load the one that was saved last.",
            "Start the affected runs again from a checkpoint that is known to be right.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.checkpoints)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place of the checkpoint that is not as it was at the latest save."""
        event, context_map = scene.event, scene.context_map
        if context_map is None:
            return
        saved = scene.earlier("checkpoint")
        for number, checkpoint in enumerate(context_map.checkpoints):
            known = saved.get(number)
            if event.step == checkpoint.load and known is not None:
                saved_at, kept = known[1]
                for change in differing(kept, checkpoint.path, scene):
                    yield self.finding(
                        scene,
                        change.location,
                        expected=change.before,
                        observed=change.after,
                        wants=shown(change.after),
                        since=None if change.after is MISSING else saved_at,
                    )
            if event.step == checkpoint.save:
                scene.note("checkpoint", [number], (event.event_id, values_at(checkpoint.path, scene)))
