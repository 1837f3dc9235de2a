"""lost-field: what a step wrote is gone, and nobody said that it may go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.diff import MISSING, collapse
from monitor.detection.inside import source_of_note
from monitor.detection.paths import Covering, Location, covers
from monitor.detection.rounds import Note
from monitor.detection.rule import Guide, Rule, Scene

MAX_TOLD = 2_000
"""Losses of a run that are remembered, so that each is told once."""


class LostField(Rule):
    """Finds a member of an object that a step wrote and that a later event of the line no longer has.

    Why it matters: the work was done and is gone. The next step finds no address, no approval, no
    score, and goes on with a default; nothing fails, so nobody looks.

    Leaking: `AssessDamage` leaves with `$.assessment.photos`, and `ApplyExcess` puts an `assessment` of
    its own in its place, without them.

    Clean: the member is there and null; a step drops it under `drops`; a checkpoint from before it was
    written is loaded; `$.assessment` becomes a text, so that the whole of it was replaced.

    False positives: a step that rightly removes it. List the path under its `drops`, or the key under
    `cleanup`. A snapshot that shows only a part of the context: send it as `partial`.

    Source: RULES.md, Integrity; MAPS.md, `steps`.
    """

    id = "lost-field"
    title = "What a step wrote is gone"
    says = "Run {run_id} has lost {expected} at {place}, which a step had written"
    severity = "high"
    kind = "change"
    needs = "steps"
    blame = "inside"
    guide = Guide(
        summary="A member of an object that a step added or changed is absent from a later event, and no "
        "drops, cleanup, per_iteration or checkpoint load lets it go.",
        why="The work was done and is gone: the next step goes on with a default, and nothing fails.",
        leaking="A step leaves with $.assessment.photos, and the next one puts an assessment of its own in "
        "place of the first, without them.",
        clean="The member is there and null; a step that lists it under drops removes it; its object is "
        "replaced by a text.",
        false_positives="A step that rightly removes it: list the path under its drops, or the key under "
        "cleanup. A snapshot that shows only a part of the context: send it as partial.",
        fix=(
            "Open the source: the step that wrote the field. Then find the first event without it: the step "
            "between that event and the one before dropped it.",
            "Look there for a result that overwrites a whole object (result: $ or $.customer), and let it "
            "write to a path of its own, or merge member by member.",
            "If the field may go, list it under that step's drops.",
            "Find out what the later steps used in its place in the affected runs.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and bool(context_map.steps)

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each member that an exit wrote and that is gone, at the first event without it."""
        event, is_exit = scene.event, scene.event.phase == "exit"
        written = scene.earlier("written")
        if is_exit:
            self._let_go(scene)
        if written and not event.partial:
            yield from self._lost(scene)
        if not is_exit:
            # From here on the step may do what it declares; what is missing as it begins, it did not drop.
            self._let_go(scene)
        elif event.status == "ok" and scene.entered is not None:
            self._note(scene)

    def _note(self, scene: Scene) -> None:
        """Notes each member that the exit set; elements of lists do not count."""
        written: dict[Location, Any] = {}
        may_go = _letting_go(scene.context_map)
        for change in scene.changes:
            if change.after is MISSING:
                continue
            for place, value in _members(change.after, change.location):
                if not may_go.covers(place, scene.event.context):
                    written[place] = (value, *scene.mark)
        if written:
            scene.note_each("written", written)

    def _let_go(self, scene: Scene) -> None:
        """Forgets what the event's step may drop, or may replace by a checkpoint."""
        context_map, written = scene.context_map, scene.earlier("written")
        if context_map is None or not written:
            return
        gone: Iterable[Location] = ()
        if any(one.load == scene.event.step for one in context_map.checkpoints):
            gone = list(written)
        elif paths := scene.promise.drops:
            gone = [place for place in written if any(path.covers(place, scene.event.context) for path in paths)]
        if gone:
            scene.note("written", gone, None)

    def _lost(self, scene: Scene) -> Iterable[Finding]:
        context, written = scene.event.context, scene.earlier("written")
        changed = scene.changed_members
        told = scene.memory.setdefault(self.id, {})
        lost = {
            place: note
            for place, note in (written.items() if changed is None or changed else ())
            if (changed is None or place[0] in changed)
            and note[1] is not None
            and (place, note[0]) not in told
            and _is_gone(context, place)
        }
        if not lost:
            return
        told.update(dict.fromkeys((place, note[0]) for place, note in lost.items()))
        while len(told) > MAX_TOLD:
            del told[next(iter(told))]
        before = scene.line.last.context if scene.line.last is not None else {}
        for change in collapse(lost, before, context):
            note = next(note for place, note in lost.items() if covers(change.location, place))
            source = source_of_note(scene.event.run_id, note, change.location)
            together = {place: one for place, one in lost.items() if one[1][-2] == note[1][-2]}
            expected = _as_written(change.location, together)
            yield self.finding(scene, change.location, expected=expected, observed=None, source=source)


def _members(value: Any, place: Location) -> Iterable[tuple[Location, Any]]:
    """The leaves of a value that stand in objects alone: elements of lists do not count."""
    if any(type(part) is int for part in place):
        return
    if isinstance(value, dict) and value:
        for name in value:
            yield from _members(value[name], (*place, name))
    elif not isinstance(value, list) or not value:
        yield place, value


def _as_written(location: Location, lost: Mapping[Location, Note]) -> Any:
    """The value of a place as the lost members in it were written."""
    if location in lost:
        return lost[location][1][0]
    value: dict[str, Any] = {}
    for place, note in lost.items():
        if covers(location, place):
            inner = value
            for part in place[len(location) : -1]:
                inner = inner.setdefault(str(part), {})
            inner[str(place[-1])] = note[1][0]
    return value


def _is_gone(context: Any, place: Location) -> bool:
    """Whether the member is absent, and no object around it was replaced by something else."""
    for part in place:
        if not isinstance(context, dict):
            return False
        if part not in context:
            return True
        context = context[part]
    return False


def _letting_go(context_map: ContextMap | None) -> Covering:
    """What may go at any time: the paths of `per_iteration`, and the keys of `cleanup`."""
    if context_map is None:
        return Covering(())
    return Covering.of((context_map.per_iteration,), context_map.cleanup)
