"""canary-escaped: a token that was issued to one run stands in the context of a stranger."""

from __future__ import annotations

from monitor.detection.project_rule import ProjectRule
from monitor.detection.rule import Guide


class CanaryEscaped(ProjectRule):
    """Finds a canary token that was issued to one run in the context of a run outside of its family.

    Why it matters: a canary belongs to one run and means nothing, so there is no innocent way for it to
    get elsewhere. Where it has gone, the customer's data beside it can go too.

    Leaking: the assistant keeps one history for all conversations; the next customer's prompt quotes the
    canary of the one before.

    Clean: a child run carries the canary of its parent; a run holds its own in ten places.

    False positives: one token issued to many runs. Make a canary for each run, long and random.

    Source: RULES.md, Identity; EVENTS.md, `attributes`.
    """

    id = "canary-escaped"
    title = "A canary of another run in the context"
    says = "Run {run_id} has {observed} at {place}, which holds a canary that was issued to another run"
    severity = "critical"
    kind = "state"
    needs = "attributes.canary"
    blame = "owner"
    leak_class = None
    guide = Guide(
        summary="A text in the context contains a canary token that was issued to a run of another family.",
        why="A canary belongs to one run and means nothing, so there is no innocent way for it to get "
        "elsewhere: where it has gone, the data beside it can go too.",
        leaking="The assistant keeps one history for all conversations, and the next customer's prompt quotes "
        "the canary of the one before.",
        clean="A child run carries the canary of its parent.",
        false_positives="One token that is issued to many runs: make one for each run, long and random.",
        fix=(
            "Open the source: the run that the canary was issued to, and what both runs touched: a key, "
            "worker, thread or connection.",
            "Look at what stands beside the canary in this context: the same way has carried that too.",
            "Give what both share an owner: the session or the run id in its key, or a new object a run.",
            "Run the two at the same time again, each with a fresh canary, and see that neither meets the "
            "other's.",
        ),
        source="RULES.md, Identity",
    )
