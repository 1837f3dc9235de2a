"""Judges a whole project in memory: for the command line, tests and dry runs of a map."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from monitor.detection.anomaly import Anomaly, Finding
from monitor.detection.catalogue import CATALOGUE, rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import judge_runs
from monitor.detection.event import Event
from monitor.detection.family import kin_among, reach
from monitor.detection.held import Want, WantedValues
from monitor.detection.identity import Kin
from monitor.detection.order import once_each
from monitor.detection.provenance import attribute
from monitor.detection.reuse import Reuse
from monitor.detection.rule import Rule
from monitor.detection.views import RunView


def judge_all(
    events: Iterable[Event], maps: Mapping[str, ContextMap], rules: tuple[Rule, ...] = CATALOGUE
) -> tuple[Anomaly, ...]:
    """Every anomaly in the events of one project, by the time of its event and then by its key.

    Events come in any order and with repetitions: of two with one id the first stands. `maps` are
    the context maps by workflow. Nothing else decides the answer.
    """
    project = _Project(events, maps)
    found: list[tuple[RunView, tuple[Finding, ...]]] = []
    for run_id in project.run_ids:
        victim = project.victim(run_id)
        findings = judge_runs(victim.runs, watch=None, rules=rules).findings
        if findings:
            found.append((victim, findings))
    lookup = _InMemoryLookup(project, (finding for _, findings in found for finding in findings))
    anomalies = (one for victim, findings in found for one in attribute(findings, victim=victim, lookup=lookup))
    return tuple(sorted(anomalies, key=_place))


def _place(anomaly: Anomaly) -> tuple[datetime, str, int, str, str]:
    return anomaly.occurred_at, anomaly.event_id, anomaly.attempt, anomaly.rule, anomaly.path


class _Project:
    """The runs of one project, with their maps and families."""

    def __init__(self, events: Iterable[Event], maps: Mapping[str, ContextMap]) -> None:
        self._maps = maps
        self._views: dict[str, RunView] = {}
        self._runs: dict[str, list[Event]] = {}
        for event in once_each(events):
            self._runs.setdefault(event.run_id, []).append(event)
        self._parents = {run_id: _parents(share) for run_id, share in self._runs.items()}
        self._children: dict[str, list[str]] = {}
        for run_id in self.run_ids:
            for parent in self._parents[run_id]:
                self._children.setdefault(parent, []).append(run_id)

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All runs, in one order."""
        return tuple(sorted(self._runs))

    def events(self, run_id: str) -> Sequence[Event]:
        """A run's events, each once."""
        return self._runs[run_id]

    def kin(self, run_id: str) -> Kin:
        """A run's family; of runs that are only named and never seen, nothing is known."""
        related = reach(run_id, self._parents) | reach(run_id, self._children)
        if not related:
            return Kin()
        people = [one for other in sorted(related & self._runs.keys()) for one in self.view(other).as_kin()]
        return kin_among(run_id, self._parents[run_id], people)

    def victim(self, run_id: str) -> RunView:
        """One run with its family."""
        kin = self.kin(run_id)
        if not kin.ancestors and not kin.descendants:
            return self.view(run_id)
        return RunView.of(self._runs[run_id], context_map=None, kin=kin, maps=self._maps)

    def view(self, run_id: str) -> RunView:
        """One run without its family, as a possible source."""
        if run_id not in self._views:
            self._views[run_id] = RunView.of(self._runs[run_id], context_map=None, kin=Kin(), maps=self._maps)
        return self._views[run_id]


def _parents(events: Sequence[Event]) -> tuple[str, ...]:
    if all(event.parent_run_id is None for event in events):
        return ()
    return Reuse.of(events).parent_run_ids


class _InMemoryLookup:
    """Answers from the project's events: only the values that some finding wants are indexed."""

    def __init__(self, project: _Project, findings: Iterable[Finding]) -> None:
        self._project = project
        self._holders: dict[bytes, list[str]] = {}
        wanted = WantedValues(
            Want.of(finding.wants, as_text=rule_by_id(finding.rule).identity is not None)
            for finding in findings
            if finding.wants is not None and rule_by_id(finding.rule).blame in ("owner", "residue")
        )
        if wanted:
            for run_id in project.run_ids:
                keys = {key for event in project.events(run_id) for key in wanted.within(event.context)}
                for key in keys:
                    self._holders.setdefault(key, []).append(run_id)

    def holders(self, value_key: bytes) -> Sequence[RunView]:
        return [self._project.view(run_id) for run_id in self._holders.get(value_key, ())]

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:
        return [
            self._project.view(run_id)
            for run_id in self._project.run_ids
            if any(
                access.op == "write" and (access.store, access.key) in resources
                for event in self._project.events(run_id)
                for access in event.accesses
            )
        ]
