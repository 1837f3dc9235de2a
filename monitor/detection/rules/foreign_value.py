"""foreign-value: a value of another person stands in the context."""

from __future__ import annotations

from monitor.detection.project_rule import ProjectRule
from monitor.detection.rule import Guide


class ForeignValue(ProjectRule):
    """Finds a value of another person in a context, the rest of which is this session's: a mix of two owners.

    Why it matters: no field says whose a name, an e-mail address or a coupon is, so nothing else
    notices when it is the wrong one. It is what the customer sees first.

    Leaking: a connection goes back to its pool with a reply still in it; the next run reads another
    customer's profile, and `$.customer.email` is not the `$.input.login_email` that it equals in
    every other run.

    Clean: a customer returns in a new session: e-mail, name and phone come along together. Two
    people of one household share an address, and nothing contradicts it.

    False positives: people who act for one another at a path that usually repeats the login (an
    assistant, a support agent). While history is thin, the first returning customers at a private
    path. Say that people share the path, or take it off `private`.

    How it decides, and what it cannot see: docs/foreign-value.md.

    Source: RULES.md, Identity; FOREIGN-VALUE.md.
    """

    id = "foreign-value"
    title = "Another person's value in the context"
    says = "{observed} stands in run {run_id}, which is another person's, at {place}"
    severity = "high"
    kind = "state"
    needs = "history, or private"
    blame = "owner"
    leak_class = None
    guide = Guide(
        summary="A value of another person stands in the context, the rest of which is this session's.",
        why="No field says whose a name, an address or a coupon is, so nothing else notices that it is the "
        "wrong one. The customer does.",
        leaking="A pooled connection still holds the reply to a request that timed out; the next run reads "
        "another customer's profile, and $.customer.email is not the login e-mail it equals in every other run.",
        clean="A returning customer, whose e-mail, name and phone come along together; a household that "
        "shares an address.",
        false_positives="People who act for one another at a path that usually repeats the login. Say that "
        "people share the path; where a private path is meant, take it off private.",
        fix=(
            "Compare the leaves of the event by owner: what came together was read together, in one step.",
            "Open the owner's run and look for what both runs used: a key, a worker, a thread, a connection, "
            "a module-level object, a default argument, a variable closed over in a loop.",
            "Put the owner into the cache key, give each run its own object, and close a connection whose "
            "request was given up instead of handing it on.",
            "List the other victims of the same value, and decide with their owners what was seen.",
        ),
        source="RULES.md, Identity; FOREIGN-VALUE.md. How it decides: foreign-value.md",
    )
