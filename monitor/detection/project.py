"""The runs of one project, read out of a store as they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from monitor.detection.anomaly import Finding
from monitor.detection.canaries import RunName, issued_by
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.family import kin_among, next_of_kin, reach
from monitor.detection.family_rule import family_findings
from monitor.detection.held import WantedValues
from monitor.detection.identity import Kin, KinRun
from monitor.detection.order import once_each
from monitor.detection.reuse import Reuse
from monitor.detection.rule import Rule
from monitor.detection.runs import Run, with_family
from monitor.detection.views import RunView

KEPT_EVENTS = 10_000
"""Events of runs that are kept taken apart; the others are read again when they are asked for."""


class EventStore(Protocol):
    """Where the events of a project are: by run, each once, in the order of their arrival."""

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All runs."""

    def events(self, run_id: str) -> Sequence[Event]:
        """The events of a run, each once."""


class InMemory:
    """A store of events that are in memory already; of two with one id the first stands."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._runs: dict[str, list[Event]] = {}
        for event in once_each(events):
            self._runs.setdefault(event.run_id, []).append(event)

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All runs."""
        return tuple(self._runs)

    def events(self, run_id: str) -> Sequence[Event]:
        """The events of a run."""
        return self._runs[run_id]


class Project:
    """The runs of a store with their maps and families, and what is known of all of them together.

    `writers` are the runs that wrote a (store, key) resource; `canaries` says to which runs each
    canary was issued.
    """

    def __init__(self, store: EventStore, maps: Mapping[str, ContextMap]) -> None:
        self._store = store
        self._maps = maps
        self._views = _Kept()
        self._strangers = _Kept()
        self._parents: dict[str, tuple[str, ...]] = {}
        self._children: dict[str, list[str]] = {}
        self.run_ids = tuple(sorted(store.run_ids))
        self._known = frozenset(self.run_ids)
        self.writers: dict[tuple[str, str], list[str]] = {}
        self.canaries: dict[str, list[RunName]] = {}
        for run_id in self.run_ids:
            self._index(run_id, store.events(run_id))

    def _index(self, run_id: str, events: Sequence[Event]) -> None:
        if any(event.parent_run_id is not None for event in events):
            self._parents[run_id] = Reuse.of(events).parent_run_ids
            for parent in self._parents[run_id]:
                self._children.setdefault(parent, []).append(run_id)
        written = {(one.store, one.key) for event in events for one in event.accesses if one.op == "write"}
        for resource in written:
            self.writers.setdefault(resource, []).append(run_id)
        for token, name in issued_by(events):
            self.canaries.setdefault(token, []).append(name)

    def view(self, run_id: str) -> RunView:
        """The runs behind one run id with their family."""
        view = self._views.get(run_id)
        if view is None:
            alone, kin = self._alone(run_id), self._kin(run_id)
            view = RunView(run_id, with_family(alone.runs, kin)) if kin.ancestors or kin.descendants else alone
            self._views.keep(run_id, view)
        return view

    def _kin(self, run_id: str) -> Kin:
        """A run's family; of runs that are only named and never seen, nothing is known."""
        if run_id not in self._parents and run_id not in self._children:
            return Kin()
        related = (reach(run_id, self._parents) | reach(run_id, self._children)) & self._known
        people = [one for other in sorted(related) for one in self._alone(other).as_kin()]
        return kin_among(run_id, self._parents.get(run_id, ()), people)

    def _alone(self, run_id: str) -> RunView:
        view = self._strangers.get(run_id)
        if view is None:
            view = RunView.of(self._store.events(run_id), context_map=None, kin=Kin(), maps=self._maps)
            self._strangers.keep(run_id, view)
        return view

    def family_findings(self, view: RunView, rules: Iterable[Rule]) -> tuple[Finding, ...]:
        """What the family rules find in the runs behind one run id."""
        found: list[Finding] = []
        for run in view.runs:
            if not run.kin.ancestors and not run.kin.descendants:
                continue
            near = next_of_kin(run.as_kin(), run.kin)
            parents, children = map(self._runs_of, (near.ancestors, near.descendants))
            found += family_findings(run, parents=parents, children=children, rules=rules)
        return tuple(found)

    def _runs_of(self, people: Iterable[KinRun]) -> list[Run]:
        return [self.view(one.run_id).runs[one.number] for one in people]

    def holders(self, wanted: WantedValues) -> dict[bytes, list[str]]:
        """The runs that hold one of many values, by the key of the value."""
        found: dict[bytes, list[str]] = {}
        for run_id in self.run_ids if wanted else ():
            keys = {key for event in self._store.events(run_id) for key in wanted.within(event.context)}
            for key in keys:
                found.setdefault(key, []).append(run_id)
        return found

    def writing(self, resources: Collection[tuple[str, str]]) -> list[str]:
        """The runs that wrote one of these resources."""
        return sorted({run_id for resource in resources for run_id in self.writers.get(resource, ())})


class _Kept:
    """The views that were asked for last."""

    def __init__(self) -> None:
        self._views: dict[str, RunView] = {}
        self._events = 0

    def get(self, run_id: str) -> RunView | None:
        """A view, if it is kept."""
        return self._views.get(run_id)

    def keep(self, run_id: str, view: RunView) -> None:
        """Keeps a view, and lets go of those that were kept first where there are too many events."""
        self._views[run_id] = view
        self._events += _events_of(view)
        while self._events > KEPT_EVENTS and len(self._views) > 1:
            self._events -= _events_of(self._views.pop(next(iter(self._views))))


def _events_of(view: RunView) -> int:
    return sum(len(run.snapshots) for run in view.runs)
