"""divergent-output: the same input gave another output."""

from __future__ import annotations

from monitor.detection.context_map import ContextMap
from monitor.detection.project_rule import ProjectRule
from monitor.detection.rule import Guide


class DivergentOutput(ProjectRule):
    """Finds a run that makes something else of its input than other runs make of the same input.

    Why it matters: a deterministic workflow that answers twice in two ways has used something besides
    its input: a race, a stale cache, what another run left behind.

    Leaking: `deterministic: true`; three quotes for one basket end with `$.total: 118`, a fourth that ran
    beside another basket with `$.total: 131`.

    Clean: the runs differ in their session and execution id alone; their inputs differ; a run that is
    not over yet.

    False positives: an output that has to differ, such as a time or a number drawn. Then the workflow is
    not deterministic: take it out of the context, or give it as an input.

    Source: RULES.md, Integrity; MAPS.md, `deterministic`.
    """

    id = "divergent-output"
    title = "The same input gave another output"
    says = "Run {run_id} ends with {observed} at {place}, where other runs with its input end with {expected}"
    severity = "warning"
    kind = "run"
    needs = "deterministic"
    guide = Guide(
        summary="Runs of a deterministic workflow with the same input have different outputs. The most "
        "frequent output counts as right, of equals that of the earliest run; each other run fires.",
        why="A deterministic workflow that answers in two ways has used something besides its input: a race, a "
        "stale cache, what another run left behind.",
        leaking="Three quotes for one basket end with $.total at 118, and a fourth, which ran beside another "
        "basket, with 131.",
        clean="The runs differ in their session and execution id alone.",
        false_positives="An output that has to differ, such as a time or a drawn number: give it as an input, or "
        "keep it out of the context.",
        fix=(
            "Compare the run with the reference step by step: the first step whose exit differs is the place.",
            "Look at what that step reads besides its input: a cache, a global, the clock, a shared connection.",
            "Look at which runs were at work at the same time, and whose value this one has.",
            "Fix it, then run the same input many times at once, and see that every output is the same.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map says that the workflow is deterministic."""
        return context_map is not None and context_map.deterministic
