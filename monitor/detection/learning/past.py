"""The clean runs that a map is learned from, as the learners look at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.identity import Kin
from monitor.detection.paths import Location
from monitor.detection.runs import Run, runs_behind
from monitor.detection.snapshot import Part, Snapshot

Names = tuple[str, ...]
"""A place that names alone lead to: no list is on the way."""
Leaves = Mapping[Names, Any]


@dataclass(frozen=True, slots=True)
class PastRun:
    """A clean run, and for each of its snapshots the leaves by their place.

    A list counts as a leaf; an empty object has none. Two snapshots with the same members share
    one object of leaves.
    """

    run: Run
    leaves: tuple[Leaves, ...]

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Its events' snapshots, in the order of the run."""
        return self.run.snapshots

    def distinct_leaves(self) -> Iterator[Leaves]:
        """The leaves of its snapshots, those of equal neighbours once."""
        before: Leaves | None = None
        for leaves in self.leaves:
            if leaves is not before:
                yield leaves
            before = leaves


@dataclass(frozen=True, slots=True)
class Past:
    """The clean runs of one workflow, oldest first, and their clean children with their parent's run."""

    workflow: str
    runs: tuple[PastRun, ...]
    children: tuple[tuple[Run, PastRun], ...]

    @classmethod
    def of(cls, events: Iterable[Event], *, workflow: str, maps: Mapping[str, ContextMap]) -> Past:
        """From the events of clean runs, of any workflow, each once.

        `maps`, by workflow, are those in force: they say whose a run is. A reused run id is no clean run.
        """
        shares: dict[str, list[Event]] = {}
        for event in events:
            shares.setdefault(event.run_id, []).append(event)
        behind = (runs_behind(share, context_map=None, kin=Kin(), maps=maps) for share in shares.values())
        alone = sorted((runs[0] for runs in behind if len(runs) == 1), key=lambda run: (run.first_at, run.run_id))
        mine = {run.run_id: PastRun(run, _leaves(run)) for run in alone if run.workflow == workflow}
        children = [(run, mine[run.parent_run_id]) for run in alone if run.parent_run_id in mine]
        return cls(workflow, tuple(mine.values()), tuple(children))


def _leaves(run: Run) -> tuple[Leaves, ...]:
    of_parts: dict[int, Leaves] = {}
    found: list[Leaves] = []
    before: Mapping[str, Part] | None = None
    for snapshot in run.snapshots:
        if snapshot.parts is not before:
            merged: dict[Names, Any] = {}
            for name, part in snapshot.parts.items():
                if id(part) not in of_parts:
                    of_parts[id(part)] = dict(named_leaves(part.value, (name,)))
                merged.update(of_parts[id(part)])
            found.append(merged)
        else:
            found.append(found[-1])
        before = snapshot.parts
    return tuple(found)


def named_leaves(value: Any, place: Names = ()) -> Iterator[tuple[Names, Any]]:
    """The leaves of a value that names alone lead to; a list is one, an empty object has none."""
    if type(value) is dict:
        for name, inner in value.items():
            yield from named_leaves(inner, (*place, name))
    else:
        yield place, value


def names_of(location: Location) -> Names:
    """The part of a location before the first list index."""
    names: list[str] = []
    for part in location:
        if not isinstance(part, str):
            break
        names.append(part)
    return tuple(names)
