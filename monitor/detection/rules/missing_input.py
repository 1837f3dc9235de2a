"""missing-input: a child run begins without what it requires."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.family_rule import FamilyRule, Spawn, place_of
from monitor.detection.rule import Guide, finding_at


class MissingInput(FamilyRule):
    """Finds a path in `requires` that the child's first event lacks, or where it holds nothing.

    Why it matters: the child works on a default or fails much later, where nobody sees why; an
    order without items is paid, a mail without an address is "sent".

    Leaking: `requires: [$.order]`, and the child begins with `$.order: {}`.

    Clean: the child begins with `$.order.total: 0`: a number and `false` are values.

    False positives: an input that may be absent. Take it out of `requires`.

    Source: RULES.md, Integrity; MAPS.md, `children`.
    """

    id = "missing-input"
    title = "A child run begins without what it requires"
    says = "Run {run_id} begins with {observed} at {place}, which its parent's map requires"
    severity = "high"
    kind = "run"
    needs = "children.*.requires"
    guide = Guide(
        summary="The first event of a child run lacks a path that the map requires, or holds null or an "
        "empty text, list or object there. A partial snapshot proves only what it shows.",
        why="The child works on a default, or fails much later where nobody sees why.",
        leaking="The map requires $.order, and the child begins with an empty object there.",
        clean="The child begins with $.order.total at 0: a number and false are values.",
        false_positives="An input that may be absent: take it out of requires.",
        fix=(
            "Look at what the spawning step copies into the child's context, and when.",
            "Check the required inputs where the child starts, and refuse to run without them.",
            "If the child can do without it, take the path out of requires.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the parent's map says what some child requires."""
        return context_map is not None and any(child.requires for child in context_map.children.values())

    def judge_child(self, spawn: Spawn) -> Iterable[Finding]:
        """A finding at each place where the child's first event has nothing."""
        first = spawn.child.snapshots[0].event
        for path in spawn.promise.requires:
            found = path.find(first.context)
            if not found and not first.partial:
                found = [(place_of(path), None)]
            for location, value in found:
                if value is None or (not value and isinstance(value, (str, list, dict))):
                    yield finding_at(
                        self, first, location, owner=spawn.child.number, expected=None, observed=value
                    )
