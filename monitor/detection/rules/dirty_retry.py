"""dirty-retry: a retry starts from what a failed attempt left behind."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.diff import Change, collapse
from monitor.detection.inside import source_at
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.snapshot import Kept, changes, changes_kept


class DirtyRetry(Rule):
    """Finds a retry that enters with something that an earlier attempt of the step has changed.

    Why it matters: the step does its work on top of half of its own work: it charges twice, holds two
    seats, counts a line again. It shows only where something else failed first.

    Leaking: attempt 1 of `HoldSeats` puts a seat into `$.holds` and fails; attempt 2 enters with that
    seat in it, and holds a second one.

    Clean: attempt 2 enters with another `$.now`, which no attempt had changed; the failed attempt left
    `$.holds` changed, and the retry was given the context of attempt 1 again.

    False positives: a counter of attempts that the step itself raises in the context. Keep it outside,
    or let the orchestrator count.

    Source: RULES.md, Residue.
    """

    id = "dirty-retry"
    title = "A retry starts from what an attempt left behind"
    says = "Run {run_id} retries with {observed} at {place}, where the first attempt began with {expected}"
    severity = "high"
    kind = "state"
    blame = "inside"
    leak_class = "temporal"
    moment = "enter"
    guide = Guide(
        summary="A retry of a step enters with another value than its first attempt did, at a path that an "
        "attempt in between changed, or at any path if that attempt never left.",
        why="The step does its work on top of half of its own work: it charges twice, holds two seats, counts "
        "a line again.",
        leaking="Attempt 1 puts a seat into $.holds and fails; attempt 2 enters with that seat in it.",
        clean="Attempt 2 enters with another $.now, which no attempt had changed.",
        false_positives="A counter of attempts that the step raises in the context: let the orchestrator count.",
        fix=(
            "Keep a copy of the context from before the first attempt, and start every attempt from it.",
            "Let the step change the context at its end, in one go, once nothing can fail any more.",
            "Make what the step does outside the context safe to repeat: an idempotency key for each charge, "
            "hold and message.",
            "Look for work done twice in the runs affected: the source names the attempt that left it.",
        ),
        source="RULES.md, Residue",
    )

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place that an attempt in between changed and that is not as it was."""
        event, first = scene.event, scene.round.entered.get(1)
        if event.attempt == 1 or first is None:
            return
        differing = changes(first, scene.snapshot)
        if not differing:
            return
        blamed = {one.location: _changed_by(scene, one) for one in differing}
        dirty = [location for location, by in blamed.items() if by is not None]
        for change in collapse(dirty, first.context, event.context) if dirty else ():
            by = next(blamed[one] for one in dirty if one[: len(change.location)] == change.location)
            yield self.finding(
                scene,
                change.location,
                expected=change.before,
                observed=change.after,
                source=source_at(event.run_id, by, change.location) if by is not None else None,
            )


def _changed_by(scene: Scene, change: Change) -> Kept | None:
    """The latest attempt before this one that changed the place, as it left, or entered if it never left."""
    round_ = scene.round
    numbers = {one for one in (*round_.entered, *round_.exited) if one < scene.event.attempt}
    for number in sorted(numbers, reverse=True):
        entered, exited = round_.exited.get(number) or _left_later(scene, number)
        if exited is None:
            return entered
        # A partial enter may have had what it does not show; what the exit shows was in its hands.
        if entered and any(
            _touches(one.location, change.location) for one in changes_kept(entered, exited, gains=True)
        ):
            return exited
    return None


def _left_later(scene: Scene, attempt: int) -> tuple[Kept | None, Kept | None]:
    """What an attempt was entered with, and left with after the next one had begun already."""
    event, entered = scene.event, scene.round.entered.get(attempt)
    for one in scene.later:
        other = one.event
        if (other.step, other.branch) != (event.step, event.branch):
            continue
        if other.phase == "enter" and other.attempt <= event.attempt:
            break
        if other.phase == "exit" and other.attempt == attempt:
            return entered, one.kept
    return entered, None


def _touches(left: Location, right: Location) -> bool:
    shorter = min(len(left), len(right))
    return left[:shorter] == right[:shorter]
