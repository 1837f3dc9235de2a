"""Judges a whole project in memory: for the command line, tests and dry runs of a map."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from monitor.detection.anomaly import Anomaly, Finding
from monitor.detection.catalogue import CATALOGUE, rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import judge_run
from monitor.detection.event import Event
from monitor.detection.family import Families
from monitor.detection.held import Want, WantedValues
from monitor.detection.identity import Kin, KinRun
from monitor.detection.order import in_order, once_each
from monitor.detection.provenance import attribute
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
    findings = {run_id: project.findings(run_id, rules) for run_id in project.run_ids}
    lookup = _InMemoryLookup(project, (finding for found in findings.values() for finding in found))
    anomalies = [
        anomaly
        for run_id, found in findings.items()
        if found
        for anomaly in attribute(found, victim=project.view(run_id), lookup=lookup)
    ]
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
        for run_id, share in self._runs.items():
            self._runs[run_id] = in_order(share)
        self._families = Families({run_id: _parent(share) for run_id, share in self._runs.items()})

    @property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._runs))

    def events(self, run_id: str) -> Sequence[Event]:
        return self._runs[run_id]

    def context_map(self, run_id: str) -> ContextMap | None:
        return self._maps.get(self._runs[run_id][0].workflow)

    def findings(self, run_id: str, rules: tuple[Rule, ...]) -> tuple[Finding, ...]:
        context_map, kin = self.context_map(run_id), self.kin(run_id)
        return judge_run(
            self._runs[run_id], context_map=context_map, kin=kin, watch=None, rules=rules
        ).findings

    def kin(self, run_id: str) -> Kin:
        family = self._families.of(run_id)
        return Kin(self._kin_runs(family.ancestors), self._kin_runs(family.descendants))

    def _kin_runs(self, run_ids: Iterable[str]) -> tuple[KinRun, ...]:
        return tuple(
            KinRun(run_id, holder.own, holder.asserted)
            for run_id in run_ids
            if run_id in self._runs
            for holder in self.view(run_id).holders
        )

    def view(self, run_id: str) -> RunView:
        if run_id not in self._views:
            family = self._families.of(run_id)
            self._views[run_id] = RunView.of(
                self._runs[run_id],
                context_map=self.context_map(run_id),
                ancestor_ids=family.ancestors,
                descendant_ids=family.descendants,
            )
        return self._views[run_id]


def _parent(events: Sequence[Event]) -> str | None:
    return next((event.parent_run_id for event in events if event.parent_run_id is not None), None)


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
