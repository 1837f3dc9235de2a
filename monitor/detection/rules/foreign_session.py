"""foreign-session: another session's key stands in the context."""

from __future__ import annotations

from monitor.detection.foreign import ForeignOwner
from monitor.detection.rule import Guide


class ForeignSession(ForeignOwner):
    """Finds a session key in the context that is not the run's own session.

    Why it matters: one customer's session in another customer's run is the incident that ends in a
    wrong cart, a wrong confirmation mail, or a stranger's account page.

    Leaking: `begin()` updates the thread-local dict of the run before instead of replacing it; the
    next run on that worker thread starts with `$.payment.session_id` of a finished run.

    Clean: a child run works in the session that its parent's orchestrator asserted.

    False positives: a field named like a session key that is none (a recorded support session, a
    login provider's). List it under `identity.ignore`.

    Source: RULES.md, Identity; EVENTS.md, "Own identity of a run".
    """

    id = "foreign-session"
    title = "Another session in the context"
    says = "Session {observed} stands in run {run_id}, whose own is {expected}, at {place}"
    identity = "session"
    guide = Guide(
        summary="A session key in the context is not the run's own session.",
        why="One customer's data is about to be shown, charged or mailed to another.",
        leaking="A worker thread keeps its thread-local context; the next run on it starts with "
        "$.payment.session_id of the run before.",
        clean="A child run carries the session that its parent's orchestrator asserted.",
        false_positives="A field that is named like a session key but names something else: list it "
        "under identity.ignore.",
        fix=(
            "Open the source: the run, step and path that held this session before, and the key, "
            "worker, thread or connection that both runs touched.",
            "Replace shared state at the start of a run instead of updating it: a new dict, a reset "
            "context variable, a fresh connection scope.",
            "Put the session into every cache and queue key that holds session data, with a TTL.",
            "Find the sessions among the affected runs, and decide with their owners what was seen.",
        ),
        source="RULES.md, Identity",
    )
