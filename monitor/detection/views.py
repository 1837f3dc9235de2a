"""A run as the search for a source sees it: its events by time, its own identity, its family."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.identity import Identity
from monitor.detection.order import once_each
from monitor.detection.own import OwnIdentity
from monitor.detection.reuse import parts_of
from monitor.detection.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Holder:
    """A run that may have held a value: nearly always one a run id, several where it was reused.

    `events` are in the order of the run; `number` is the `owner` of its findings.
    """

    run_id: str
    number: int
    own: Identity
    asserted: Identity
    events: tuple[Event, ...]

    @property
    def first_at(self) -> datetime:
        """When the run began, by the sender's clock."""
        return min(event.occurred_at for event in self.events)

    @property
    def last_at(self) -> datetime:
        """When the run was last seen, by the sender's clock."""
        return max(event.occurred_at for event in self.events)


@dataclass(frozen=True, slots=True)
class RunView:
    """All that is known of one run id, with the run ids of its family."""

    run_id: str
    workflow: str
    holders: tuple[Holder, ...]
    ancestor_ids: frozenset[str]
    descendant_ids: frozenset[str]

    @classmethod
    def of(
        cls,
        events: Iterable[Event],
        *,
        context_map: ContextMap | None,
        ancestor_ids: Iterable[str] = (),
        descendant_ids: Iterable[str] = (),
    ) -> RunView:
        """The view of one run from its events, in any order; raises ValueError for none."""
        _, parts = parts_of(once_each(events))
        if not parts[0].events:
            raise ValueError("a run without an event cannot be viewed")
        holders = []
        for number, part in enumerate(parts):
            own = OwnIdentity()
            own.keeps(Snapshot(event, context_map) for event in part.events)
            run_id = part.events[0].run_id
            holders.append(Holder(run_id, number, own.identity, own.asserted, part.events))
        first = parts[0].events[0]
        return cls(
            run_id=first.run_id,
            workflow=first.workflow,
            holders=tuple(holders),
            ancestor_ids=frozenset(ancestor_ids),
            descendant_ids=frozenset(descendant_ids),
        )


class Lookup(Protocol):
    """Selects the runs of a project that may be a source; it may return too many, never too few."""

    def holders(self, value_key: bytes) -> Sequence[RunView]:
        """Runs that held the value with this key, at any path and time."""

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:
        """Runs that wrote one of these (store, key) resources, at any time."""
