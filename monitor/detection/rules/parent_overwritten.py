"""parent-overwritten: a child run wrote into its parent's context what it was not to return."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.diff import MISSING, at, collapse, member
from monitor.detection.event import Event
from monitor.detection.executions import Execution
from monitor.detection.family_rule import FamilyRule, Spawn, first_holding, source_at
from monitor.detection.paths import Location, covers
from monitor.detection.rule import Guide, finding_at
from monitor.detection.snapshot import Snapshot, changes


class ParentOverwritten(FamilyRule):
    """Finds a value of the parent that became the child's while the spawning step was at work.

    Why it matters: parent and child share one object, or the child's whole context was copied back:
    the parent goes on with values of another run, and two children overwrite each other.

    Leaking: the step hands its own context to the child instead of a copy, and leaves with the child's
    `$.session_id` and `$.scratch` in it.

    Clean: the step leaves with the child's `$.charge`, and `returns` lists `$.charge`.

    False positives: a result that the map forgot: list it under `returns`. A parent that sets the
    same value by itself while the child is at work, such as a status.

    Source: RULES.md, Scope; MAPS.md, `children`.
    """

    id = "parent-overwritten"
    title = "A child run overwrote its parent's context"
    says = "Run {run_id} left the step with its child's {observed} at {place}, where it had {expected} before"
    severity = "critical"
    kind = "change"
    leak_class = "scoping"
    guide = Guide(
        summary="While a step had a child run at work, a value of the parent's context became the child's, "
        "at a path that the child does not return.",
        why="Parent and child share one object, or the child's whole context was copied back: the parent "
        "goes on with values of another run.",
        leaking="A step hands its own context to the child instead of a copy, and leaves with the child's "
        "$.session_id in it.",
        clean="A step leaves with the child's $.charge, which returns lists.",
        false_positives="A result that the map forgot: list it under returns. A parent that sets the same "
        "value by itself while the child is at work.",
        fix=(
            "Give the child a context of its own: a deep copy of what passes lists, nothing else.",
            "Copy back only what returns lists, one path at a time; never merge the child's whole context.",
            "Look at what the later steps of this run did with the child's values.",
        ),
        source="RULES.md, Scope",
    )

    def judge_parent(self, spawns: Sequence[Spawn]) -> Iterable[Finding]:
        """A finding at each place that a spawning step left with a child's value, child by child."""
        changed: dict[Execution, list[Location]] = {}
        for spawn in spawns:
            execution = spawn.execution
            if execution is None or execution.enter is None or execution.exit is None:
                continue
            if execution not in changed:
                changed[execution] = _changed(execution.enter, execution.exit)
            yield from self._overwritten(spawn, execution.enter.event, execution.exit.event, changed[execution])

    def _overwritten(
        self, spawn: Spawn, enter: Event, left: Event, changed: Iterable[Location]
    ) -> Iterable[Finding]:
        returns = spawn.promise.returns
        holders: dict[Location, Event] = {}
        for place in changed:
            if any(path.covers(place, enter.context, left.context) for path in returns):
                continue
            event = first_holding(spawn.child, place, at(left.context, place))
            if event is not None:
                holders[place] = event
        for change in collapse(holders, enter.context, left.context):
            # Of a whole object, the source is that of its first leaf.
            first = next(place for place in holders if covers(change.location, place))
            yield finding_at(
                self,
                left,
                change.location,
                owner=spawn.parent.number,
                expected=change.before,
                observed=change.after,
                source=source_at(holders[first], change.location),
            )


def _changed(enter: Snapshot, left: Snapshot) -> list[Location]:
    """The places that changed to something, in document order; one that was replaced counts as a whole."""
    before = enter.event.context
    found = (one.location for one in changes(enter.kept, left) if one.after is not MISSING)
    return list(dict.fromkeys(_replaced_at(location, before) for location in found))


def _replaced_at(location: Location, before: Any) -> Location:
    """Where what was there before is no object or list that the place can be in; else the place itself."""
    value = before
    for depth, part in enumerate(location):
        if type(value) is not (dict if isinstance(part, str) else list):
            return location[:depth]
        value = member(value, part)
        if value is MISSING:
            break
    return location
