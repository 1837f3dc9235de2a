"""The runs behind a run id, ready to be judged: their events in order, identity, map and family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.executions import Execution, executions_of
from monitor.detection.family import kin_of_part
from monitor.detection.held import Want
from monitor.detection.identity import Identity, Kin, KinRun
from monitor.detection.own import OwnIdentity
from monitor.detection.paths import Location
from monitor.detection.reuse import Part, Reuse
from monitor.detection.scene import Reused
from monitor.detection.snapshot import Snapshot, snapshots_of


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that held a value, and the places where it did, in document order."""

    event: Event
    places: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: nearly always the only one behind its run id, which then has the number 0.

    `number` is the `owner` of its findings. `family` is that of the run id, `kin` the run's own part
    of it. `reused` is set for the second run behind an id and on.
    """

    number: int
    snapshots: tuple[Snapshot, ...]
    learnt: OwnIdentity
    parent_run_id: str | None
    context_map: ContextMap | None
    family: Kin
    kin: Kin
    reused: Reused | None
    _sightings: dict[Want, tuple[Sighting, ...]] = field(default_factory=dict, compare=False, repr=False)
    _executions: list[Execution] = field(default_factory=list, compare=False, repr=False)

    def sightings(self, want: Want) -> tuple[Sighting, ...]:
        """The events that held a value, in the order of the run; looked for at most once."""
        if want not in self._sightings:
            found = ((event, want.places(event.context)) for event in self.events)
            self._sightings[want] = tuple(Sighting(event, tuple(places)) for event, places in found if places)
        return self._sightings[want]

    @property
    def canaries(self) -> frozenset[str]:
        """The canary tokens that were issued to it."""
        return frozenset(token for event in self.events if (token := event.attributes.get("canary")))

    @property
    def executions(self) -> Sequence[Execution]:
        """The times that its steps were at work, by their first event; worked out at most once."""
        if not self._executions:
            self._executions.extend(executions_of(self.snapshots))
        return self._executions

    @property
    def events(self) -> tuple[Event, ...]:
        """Its events, in the order of the run."""
        return tuple(snapshot.event for snapshot in self.snapshots)

    @property
    def run_id(self) -> str:
        """The id it goes by."""
        return self.snapshots[0].event.run_id

    @property
    def workflow(self) -> str:
        """The workflow it is a run of: its first event's."""
        return self.snapshots[0].event.workflow

    @property
    def own(self) -> Identity:
        """Its own identity."""
        return self.learnt.identity

    @property
    def first_at(self) -> datetime:
        """When it began, by the sender's clock."""
        return min(snapshot.event.occurred_at for snapshot in self.snapshots)

    @property
    def last_at(self) -> datetime:
        """When it was last seen, by the sender's clock."""
        return max(snapshot.event.occurred_at for snapshot in self.snapshots)

    def as_kin(self) -> KinRun:
        """The run as its relatives' `Kin` lists it."""
        asserted = self.learnt.asserted
        return KinRun(self.run_id, self.own, asserted, self.parent_run_id, self.number, self.first_at)

    def is_kin_of(self, other: Run) -> bool:
        """Whether the other run is an ancestor or a descendant of this one."""
        family = (*self.kin.ancestors, *self.kin.descendants)
        return any(one.run_id == other.run_id and one.number == other.number for one in family)


def runs_behind(
    events: Iterable[Event],
    *,
    context_map: ContextMap | None,
    kin: Kin,
    maps: Mapping[str, ContextMap] | None = None,
) -> tuple[Run, ...]:
    """The runs behind the run id of these events, by their first event; raises ValueError for none.

    `context_map` is the map of the run's workflow; `maps`, by workflow, takes its place where the
    caller has them all: a reused run id may stand for runs of several workflows. `kin` is the
    family of the run id.
    """
    reuse = Reuse.of(events)
    alone = []
    for number, part in enumerate(reuse.parts):
        part_map = context_map if maps is None else maps.get(part.workflow)
        alone.append(_run(number, part, part_map, reuse.seen_at(number)))
    return with_family(alone, kin)


def with_family(alone: Sequence[Run], kin: Kin) -> tuple[Run, ...]:
    """The runs behind a run id, once the family of the id is known."""
    if len(alone) == 1 and alone[0].family == alone[0].kin == kin == Kin():
        return tuple(alone)
    parts = [one.as_kin() for one in alone]
    return tuple(replace(one, family=kin, kin=kin_of_part(kin, parts, one.number)) for one in alone)


def _run(number: int, part: Part, context_map: ContextMap | None, reused: Reused | None) -> Run:
    snapshots = snapshots_of(part.events, context_map)
    learnt = OwnIdentity()
    for snapshot in snapshots:
        learnt.learn(snapshot)
    return Run(number, snapshots, learnt, part.parent_run_id, context_map, Kin(), Kin(), reused)
