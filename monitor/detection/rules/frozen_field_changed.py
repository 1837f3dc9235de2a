"""frozen-field-changed: a value changed between two steps that must see the same one."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.watched import differing, values_at

MAX_TOLD = 64
"""Changes of a run that are remembered, so that each is told once."""


class FrozenFieldChanged(Rule):
    """Finds a frozen value that differs from what it was when the step named by `from` was left.

    Why it matters: what was checked is not what is used: stock is reserved for other items than were
    counted, money moves at another rate than was confirmed.

    Leaking: `frozen: [{path: $.quote.rate, from: Quote, until: Transfer}]`, and a refresh in between
    sets another rate.

    Clean: the rate changes after `Transfer.exit`; another member of `$.quote` changes.

    False positives: a step that rightly sets the value anew, such as `Quote` when it runs a second time.
    Freeze the path until that step only, and from it on in an entry of its own.

    Source: RULES.md, Integrity; MAPS.md, `frozen`.
    """

    id = "frozen-field-changed"
    title = "A frozen value changed"
    says = "Run {run_id} has {observed} at {place}, which was frozen at {expected}"
    severity = "high"
    kind = "change"
    needs = "frozen"
    guide = Guide(
        summary="A path that the map freezes from the exit of one step to that of another differs in between "
        "from what it was at the start.",
        why="What was checked is not what is used: stock is reserved for other items than were counted, money "
        "moves at another rate than was confirmed.",
        leaking="$.quote.rate is frozen from Quote until Transfer, and a refresh in between sets another one.",
        clean="The rate changes after Transfer was left.",
        false_positives="A step that rightly sets the value anew: freeze the path until that step, "
        "and from it on in an entry of its own.",
        fix=(
            "Find the step that shows the change first, and what it shares with other runs or branches: a "
            "cached price list, an item list passed by reference.",
            "Copy what must not change into a frozen structure when the first step leaves, and read from that.",
            "If the value has to change, check it again afterwards: go back to the step that froze it.",
            "Compare what was checked with what was done in the runs affected, and correct the difference.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.frozen)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each frozen place that differs, at the first event that shows it."""
        event, context_map = scene.event, scene.context_map
        if context_map is None:
            return
        kept, told = scene.earlier("frozen"), scene.memory.setdefault(self.id, [])
        for number, promise in enumerate(context_map.frozen):
            known = kept.get(number)
            if known is not None and known[1] is not None and (number, known[0]) not in told:
                found = differing(known[1], promise.path, scene)
                if found:
                    told.append((number, known[0]))
                    del told[:-MAX_TOLD]
                for change in found:
                    yield self.finding(scene, change.location, expected=change.before, observed=change.after)
            if event.phase == "exit" and event.step == promise.until:
                scene.note("frozen", [number], None)
            if event.phase == "exit" and event.step == promise.start:
                scene.note("frozen", [number], values_at(promise.path, scene))
