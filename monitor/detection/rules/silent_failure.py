"""silent-failure: a child run failed, and the step that spawned it left as if it had not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import Paths
from monitor.detection.event import Event
from monitor.detection.executions import Execution
from monitor.detection.family_rule import FamilyRule, Spawn, place_of, source_at
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, finding_at
from monitor.detection.runs import Run
from monitor.detection.values import is_empty


class SilentFailure(FamilyRule):
    """Finds a spawning step that exits ok without a word of the error its last child ended in.

    Why it matters: the parent goes on as if the work were done: an order is confirmed whose charge
    failed, and nothing in its own events says so.

    Leaking: the step catches the child's exception, logs it, and exits ok with `$.charge.error` null.

    Clean: the first child fails, the step spawns another of that workflow, which succeeds.

    False positives: a child whose failure does not matter: leave its workflow out of `children`. An
    error kept elsewhere in the context: list that path under `error_paths`.

    Source: RULES.md, Integrity; MAPS.md, `children`.
    """

    id = "silent-failure"
    title = "A child run failed and its parent went on"
    says = "Run {run_id} left the step as if all were well, and holds no error at {place}, though its child failed"
    severity = "high"
    kind = "change"
    guide = Guide(
        summary="The last child of a workflow that a step spawned ended in an error; the step exits ok, and "
        "every path that should name the error is absent or empty.",
        why="The parent goes on as if the work were done: an order is confirmed whose charge failed.",
        leaking="The step catches the child's exception, logs it, and exits ok with $.charge.error null.",
        clean="The first child fails, the step spawns another of that workflow, and that one succeeds.",
        false_positives="A child whose failure does not matter: leave it out of children. An error kept "
        "elsewhere: list that path under error_paths.",
        fix=(
            "Let the spawning step fail, or write the child's error to one of error_paths.",
            "Look for an except that swallows everything around the call of the child.",
            "Find out what this run did afterwards with the result that never came.",
        ),
        source="RULES.md, Integrity",
    )

    def judge_parent(self, spawns: Sequence[Spawn]) -> Iterable[Finding]:
        """A finding at each exit that keeps quiet about the last child of a workflow."""
        last: dict[tuple[str, Execution], Spawn] = {}
        for spawn in spawns:
            if spawn.execution is not None:
                last[spawn.child.workflow, spawn.execution] = spawn
        for (_, execution), spawn in last.items():
            if execution.exit is None:
                continue
            event, end = execution.exit.event, _end(spawn.child)
            if end.status == "error" and event.status == "ok" and _is_quiet(event, spawn.promise.error_paths):
                yield finding_at(
                    self,
                    event,
                    _place(event, spawn.promise.error_paths),
                    owner=spawn.parent.number,
                    expected=None,
                    observed=None,
                    source=source_at(end, ()),
                )


def _end(run: Run) -> Event:
    """Its final event, else the last one seen."""
    finals = [snapshot for snapshot in run.snapshots if snapshot.event.final]
    return (finals or run.snapshots)[-1].event


def _is_quiet(event: Event, error_paths: Paths) -> bool:
    for path in error_paths:
        found = path.find(event.context)
        if (not found and event.partial) or any(not is_empty(value) for _, value in found):
            return False
    return True


def _place(event: Event, error_paths: Paths) -> Location:
    if not error_paths:
        return ()
    found = error_paths[0].find(event.context)
    return found[0][0] if found else place_of(error_paths[0])
