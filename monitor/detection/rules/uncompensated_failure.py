"""uncompensated-failure: a run failed and did not undo what it had done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.rule import Guide, Rule, Scene


class UncompensatedFailure(Rule):
    """Finds a run that ended in an error after a step whose compensation did not run after it.

    Why it matters: half of the work stands: the account is debited, the goods are reserved, and
    nobody is going to give them back.

    Leaking: `compensations: {DebitAccount: RefundAccount}`; DebitAccount exits ok, the transfer fails
    in its last step, and RefundAccount never exits ok.

    Clean: RefundAccount fails at first, exits ok at its second attempt, and the run ends in its error.

    False positives: a compensation that runs outside the workflow, by hand or in a run of its own.
    Take the pair out of `compensations`.

    Source: RULES.md, Integrity; MAPS.md, `compensations`.
    """

    id = "uncompensated-failure"
    title = "A failed run did not undo its work"
    says = "Run {run_id} failed at {place} after {observed} had succeeded, and {expected} did not undo it"
    severity = "critical"
    kind = "run"
    needs = "compensations"
    moment = "exit"
    guide = Guide(
        summary="The final event of a run is an error, a step with a compensation had exited ok, and the "
        "compensation did not exit ok after it.",
        why="Half of the work stands: the account is debited, the goods are reserved, and nobody is going "
        "to give them back.",
        leaking="DebitAccount exits ok, the transfer fails in its last step, and RefundAccount never runs.",
        clean="RefundAccount fails at first, exits ok at its second attempt, and the run ends in its error.",
        false_positives="A compensation that runs outside the workflow, by hand or in a run of its own: "
        "take the pair out of compensations.",
        fix=(
            "Undo this run's step now: run the compensation by hand and note that you did.",
            "Call compensations from the one place that ends a failed run, in reverse order of the steps.",
            "Retry a compensation that fails until it succeeds; alert when it does not.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.compensations)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at a final error, for the first step by name that was not undone."""
        if scene.context_map is None:
            return
        compensations = scene.context_map.compensations
        standing: dict[str, bool] = scene.memory.setdefault(self.id, {})
        if scene.event.status == "ok":
            _move_on(standing, scene.event.step, compensations)
        elif scene.final and standing:
            undone = {
                one.event.step for one in scene.later if one.event.phase == "exit" and one.event.status == "ok"
            }
            left = [step for step in sorted(standing) if compensations[step] not in undone]
            for step in left[:1]:
                yield self.finding(scene, (), expected=compensations[step], observed=step)


def _move_on(standing: dict[str, bool], step: str, compensations: Mapping[str, str]) -> None:
    """Notes a step that exited ok, and takes off those that it undid."""
    for done in [one for one in standing if compensations[one] == step]:
        del standing[done]
    if step in compensations:
        standing[step] = True
