"""What the rules that look at a parent run and its child runs have in common, and how they are asked.

They are not fed event by event: what shows in one run rests on the events of another, so they are
asked once about whole runs. Source: RULES.md, Scope and Integrity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.detection.anomaly import AnomalyKey, Finding, Source
from monitor.detection.context_map import ChildPromise, ContextMap
from monitor.detection.diff import at
from monitor.detection.event import Event
from monitor.detection.executions import Execution
from monitor.detection.paths import Location, Path, render
from monitor.detection.rule import Rule, Scene
from monitor.detection.runs import Run
from monitor.detection.spawning import spawning_execution
from monitor.detection.values import same


@dataclass(frozen=True, slots=True)
class Spawn:
    """A child run whose workflow is listed in its parent's map: what the map says, and what spawned it.

    `execution` is None where no event of the spawning step was seen.
    """

    child: Run
    parent: Run
    promise: ChildPromise
    execution: Execution | None


class FamilyRule(Rule):
    """A rule about a parent and its children. It says of each of the two what shows there."""

    needs = "children"
    moment = "first"

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the parent's map declares its children."""
        return context_map is not None and bool(context_map.children)

    def judge(self, scene: Scene) -> Iterable[Finding]:  # noqa: ARG002 - the question of the other rules
        """Nothing: a run without its family does not show it."""
        return ()

    def judge_child(self, spawn: Spawn) -> Iterable[Finding]:  # noqa: ARG002 - most rules look at one side
        """What shows in the child."""
        return ()

    def judge_parent(self, spawns: Sequence[Spawn]) -> Iterable[Finding]:  # noqa: ARG002 - as above
        """What shows in the parent; the spawns are all of its own, by the first event of the child."""
        return ()


def family_findings(
    run: Run, *, parents: Iterable[Run], children: Iterable[Run], rules: Iterable[Rule]
) -> tuple[Finding, ...]:
    """All that the family rules find in a run; rules of another kind are passed over.

    `parents` are the runs that spawned it (at most one, where its family is known), `children` those
    that it spawned, in any order (`next_of_kin` names both). Only their events and the parent's map
    count. Of findings with one key the first stands.
    """
    asked = [rule for rule in rules if isinstance(rule, FamilyRule)]
    found: dict[tuple[AnomalyKey, int], Finding] = {}
    spawned = [spawn for parent in parents for spawn in _spawns(parent, (run,))]
    spawns = _spawns(run, children)
    for rule in asked:
        shown = [finding for spawn in spawned for finding in rule.judge_child(spawn)]
        shown += rule.judge_parent(spawns) if spawns else ()
        for finding in shown:
            found.setdefault((finding.key, finding.owner), finding)
    return tuple(found.values())


def _spawns(parent: Run, children: Iterable[Run]) -> list[Spawn]:
    promises = parent.context_map.children if parent.context_map is not None else {}
    if not promises:
        return []
    known = sorted((child for child in children if child.workflow in promises), key=_begun)
    return [_spawn(child, parent, promises[child.workflow]) for child in known]


def _spawn(child: Run, parent: Run, promise: ChildPromise) -> Spawn:
    return Spawn(child, parent, promise, spawning_execution(child, parent, promise))


def _begun(run: Run) -> tuple[datetime, str, int]:
    return run.snapshots[0].event.occurred_at, run.run_id, run.number


def first_holding(run: Run, location: Location, value: Any) -> Event | None:
    """The first event of a run, in its order, that holds a value at a place below `$`."""
    name, rest = location[0], location[1:]
    before = None
    for snapshot in run.snapshots:
        part = snapshot.parts.get(name) if isinstance(name, str) else None
        if part is not None and part is not before and same(at(part.value, rest), value):
            return snapshot.event
        before = part
    return None


def source_at(event: Event, location: Location) -> Source:
    """An event and a place in it as the source of an anomaly."""
    return Source(event.run_id, event.step, render(location), None, event.event_id, event.occurred_at)


def place_of(path: Path) -> Location:
    """Where a path that matches nothing points to: as far as its names and indexes say it."""
    place: list[str | int] = []
    for step in path.plan or ():
        if not isinstance(step, (str, int)) or (isinstance(step, int) and step < 0):
            break
        place.append(step)
    return tuple(place)
