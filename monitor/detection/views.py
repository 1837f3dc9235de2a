"""What the search for a source needs to know of runs, and of whoever can find them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.identity import Kin, KinRun
from monitor.detection.runs import Run, runs_behind


@dataclass(frozen=True, slots=True)
class RunView:
    """One run id as the search sees it: the run behind it, or the several ones, by their number."""

    run_id: str
    runs: tuple[Run, ...]

    @classmethod
    def of(
        cls,
        events: Iterable[Event],
        *,
        context_map: ContextMap | None,
        kin: Kin,
        maps: Mapping[str, ContextMap] | None = None,
    ) -> RunView:
        """The view of one run id from its events, in any order; raises ValueError for none.

        The parameters mean what they mean to `judge_run`. For a run that is only looked up as a
        possible source, an empty `Kin` does.
        """
        runs = runs_behind(events, context_map=context_map, kin=kin, maps=maps)
        return cls(runs[0].run_id, runs)

    def as_kin(self) -> tuple[KinRun, ...]:
        """The runs as their relatives' `Kin` lists them."""
        return tuple(run.as_kin() for run in self.runs)


class Lookup(Protocol):
    """Selects the runs of a project that may be a source; it may return too many, never too few."""

    def holders(self, key: bytes) -> Sequence[RunView]:
        """Runs that held the value with this `value_key`, at any path and time, or were issued it as a canary."""

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:
        """Runs that wrote one of these (store, key) resources, at any time."""
