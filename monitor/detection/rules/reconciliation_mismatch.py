"""reconciliation-mismatch: two values that must agree do not."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.diff import leaf_changes
from monitor.detection.rule import Guide, Rule, Scene


class ReconciliationMismatch(Rule):
    """Finds two paths that the map wants to agree, both there and with different values.

    Why it matters: two counts of the same thing, one of them wrong: a booking is missing, or was made
    twice. As long as they differ nobody can say which of the two to believe.

    Leaking: `reconcile: [[$.counted.pallets, $.booked.pallets]]`, and a recount leaves 41 beside 40.

    Clean: one of the two is not there yet; 40 and 40.0; a plain value beside a fingerprint.

    False positives: a step between the two bookings, when one side is ahead by right. Set both in the
    same step, or the second one only once it is known.

    Source: RULES.md, Integrity; MAPS.md, `reconcile`.
    """

    id = "reconciliation-mismatch"
    title = "Two values that must agree do not"
    says = "Run {run_id} has {observed} at {place}, where the value that must agree with it is {expected}"
    severity = "high"
    kind = "state"
    needs = "reconcile"
    guide = Guide(
        summary="Two paths that must agree are both there, and their values differ.",
        why="Two counts of the same thing, one of them wrong: a booking is missing or was made twice.",
        leaking="$.counted.pallets is 41 and $.booked.pallets 40 after a recount.",
        clean="One of the two is not there yet; 40 beside 40.0.",
        false_positives="A moment at which one side is rightly ahead: set both in the same step.",
        fix=(
            "Find the first event that shows the difference: the step before it changed one side alone.",
            "Look there for a retry, a duplicate message or a swallowed error.",
            "Correct the wrong side from its record outside the context (ledger, stock, bank), not from the "
            "other one.",
            "Let the workflow stop where the two differ, before it acts on either.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.reconcile)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at the first path of each pair of which both are present and differ."""
        if scene.context_map is None:
            return
        context = scene.event.context
        for first, second in scene.context_map.reconcile:
            mine, theirs = first.find(context), second.find(context)
            if not mine or not theirs:
                continue
            left, right = [value for _, value in mine], [value for _, value in theirs]
            if leaf_changes(left, right):
                single = len(left) == len(right) == 1
                yield self.finding(
                    scene,
                    mine[0][0],
                    expected=right[0] if single else right,
                    observed=left[0] if single else left,
                )
