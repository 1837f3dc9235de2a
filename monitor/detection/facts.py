"""What is known of a run as a whole, besides what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.detection.identity import Identity

MAX_GAPS = 20


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as its events tell it; times are the sender's, in UTC.

    `identity` is the run's own, `asserted` the part of it that the orchestrator asserted. `ended`
    once a final event came; `status` is that of the final event, else of the last. `gaps` are
    missing sequence numbers, at most 20: evidence is incomplete where there are any. `parts` holds
    the runs behind a reused run id, and is empty for every other run.
    """

    identity: Identity
    asserted: Identity
    parent_run_id: str | None
    parent_step: str | None
    first_at: datetime
    last_at: datetime
    ended: bool
    status: str | None
    events: int
    gaps: tuple[int, ...] = ()
    parts: tuple[RunFacts, ...] = ()


def together(parts: tuple[RunFacts, ...]) -> RunFacts:
    """The facts of a run id: those of its only run, or of all runs behind it, the first one leading."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    last = max(parts, key=lambda one: one.last_at)
    gaps = sorted({gap for one in parts for gap in one.gaps})[:MAX_GAPS]
    return RunFacts(
        identity=first.identity,
        asserted=first.asserted,
        parent_run_id=next((one.parent_run_id for one in parts if one.parent_run_id), None),
        parent_step=next((one.parent_step for one in parts if one.parent_step), None),
        first_at=min(one.first_at for one in parts),
        last_at=last.last_at,
        ended=all(one.ended for one in parts),
        status=last.status,
        events=sum(one.events for one in parts),
        gaps=tuple(gaps),
        parts=parts,
    )
