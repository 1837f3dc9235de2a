"""child-overreach: a child run began with more of its parent's context than it is passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.diff import collapse
from monitor.detection.family_rule import FamilyRule, Spawn, first_holding, source_at
from monitor.detection.paths import Location
from monitor.detection.rule import Guide, finding_at


class ChildOverreach(FamilyRule):
    """Finds a value of the parent in the child's first event, at the same path, outside `passes`.

    Why it matters: the child sees, logs and stores what it has no business with, and whatever it
    takes over by accident it may use: the parent's session, customer or payment.

    Leaking: `passes: [$.order]`, and the child begins with the parent's `$.customer.email` too.

    Clean: the child begins with `$.order`, an empty `$.notes` and `$.retries: 3`, as the parent has.

    False positives: a text that both have by themselves, such as a currency or a version, and an
    input that the map forgot. List it under `passes`.

    Source: RULES.md, Scope; MAPS.md, `children`.
    """

    id = "child-overreach"
    title = "A child run got more than it is passed"
    says = "Run {run_id} begins with its parent's {observed} at {place}, which the parent does not pass"
    severity = "high"
    kind = "run"
    leak_class = "scoping"
    guide = Guide(
        summary="The first event of a child run holds, at the same path, a value that its parent had when "
        "it entered the spawning step, and the map does not pass it. Booleans, numbers, null and what is "
        "empty do not count.",
        why="The child sees, logs and stores what it has no business with, and may use what it took over "
        "by accident: the parent's session, customer or payment.",
        leaking="The map passes $.order, and the child begins with the parent's $.customer.email too.",
        clean="The child begins with $.order, an empty $.notes and the parent's $.retries, a number.",
        false_positives="A text that both have by themselves, such as a currency, or an input that the "
        "map forgot: list it under passes.",
        fix=(
            "Build the child's context from what passes lists; do not copy the parent's and remove.",
            "If the child needs the value, add its path to passes.",
            "Check what the child logged and stored under its own id.",
        ),
        source="RULES.md, Scope",
    )

    def judge_child(self, spawn: Spawn) -> Iterable[Finding]:
        """A finding at each place where the child's first event holds what it is not passed."""
        enter = spawn.execution.enter if spawn.execution is not None else None
        if enter is None:
            return
        first, theirs = spawn.child.snapshots[0].event, enter.event.context
        passes = spawn.promise.passes
        shared = _shared_texts(first.context, theirs)
        places = [one for one in shared if not any(path.covers(one, theirs, first.context) for path in passes)]
        for change in collapse(places, theirs, first.context):
            held = first_holding(spawn.parent, change.location, change.before) or enter.event
            yield finding_at(
                self,
                first,
                change.location,
                owner=spawn.child.number,
                expected=None,
                observed=change.after,
                source=source_at(held, change.location),
            )


def _shared_texts(mine: Any, theirs: Any, location: Location = ()) -> Iterator[Location]:
    """The places where both hold the same text that is not empty; a fingerprint is one."""
    kind = type(mine)
    if kind is not type(theirs):
        return
    if kind is dict:
        for name in sorted(mine.keys() & theirs.keys()):
            yield from _shared_texts(mine[name], theirs[name], (*location, name))
    elif kind is list:
        for index, (left, right) in enumerate(zip(mine, theirs, strict=False)):
            yield from _shared_texts(left, right, (*location, index))
    elif kind is str and mine and mine == theirs:
        yield location
