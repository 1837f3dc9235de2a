"""Judges a whole project at once: for the command line, tests and dry runs of a map."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from monitor.detection.anomaly import Anomaly, AnomalyKey, Finding
from monitor.detection.canaries import Canaries, escaped
from monitor.detection.catalogue import CATALOGUE, rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.divergence import Outcome, diverging, outcome_of
from monitor.detection.engine import RuleError, judge_runs
from monitor.detection.event import Event
from monitor.detection.family_rule import FamilyRule
from monitor.detection.held import WantedValues
from monitor.detection.keys import IDENTITY_RULES, leaking_keys
from monitor.detection.people.project import foreign_values
from monitor.detection.project import EventStore, InMemory, Project
from monitor.detection.provenance import attribute
from monitor.detection.rule import Rule
from monitor.detection.runs import Run
from monitor.detection.sources import Trail
from monitor.detection.values import value_key
from monitor.detection.views import RunView

Answer = TypeVar("Answer")

__all__ = ["EventStore", "InMemory", "judge_all", "judge_store"]


def judge_all(
    events: Iterable[Event], maps: Mapping[str, ContextMap], rules: tuple[Rule, ...] = CATALOGUE
) -> tuple[Anomaly, ...]:
    """Every anomaly in the events of one project, by the time of its event and then by its key.

    Events come in any order and with repetitions: of two with one id the first stands. `maps` are
    the context maps by workflow. Nothing else decides the answer.
    """
    return judge_store(InMemory(events), maps, rules)


def judge_store(
    store: EventStore,
    maps: Mapping[str, ContextMap],
    rules: tuple[Rule, ...] = CATALOGUE,
    *,
    errors: list[RuleError] | None = None,
) -> tuple[Anomaly, ...]:
    """The same for events in a store, of which only so much is read at a time as is needed.

    A rule that raises is noted in `errors`, with its run, and stops no other.
    """
    history = _History(Project(store, maps), rules, errors if errors is not None else [])
    return tuple(sorted(history.anomalies(), key=_place))


def first_of_each(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that have the key of an earlier one of the same run (RULES.md)."""
    found: dict[tuple[AnomalyKey, int], Finding] = {}
    for finding in findings:
        found.setdefault((finding.key, finding.owner), finding)
    return list(found.values())


def _place(anomaly: Anomaly) -> tuple[datetime, str, int, str, str]:
    return anomaly.occurred_at, anomaly.event_id, anomaly.attempt, anomaly.rule, anomaly.path


class _History:
    """One judgement of a project: what each run shows, what runs show together, then the sources."""

    def __init__(self, project: Project, rules: tuple[Rule, ...], errors: list[RuleError]) -> None:
        self._project = project
        self._rules = rules
        self._errors = errors
        self._family_rules = tuple(rule for rule in rules if isinstance(rule, FamilyRule))
        self._by_id = {rule.id: rule for rule in rules}
        self._found: dict[str, list[Finding]] = {}
        self._trails: dict[str, dict[tuple[AnomalyKey, int], Trail | None]] = {}
        self._outcomes: dict[str, list[Outcome]] = {}
        self._canaries = Canaries(project.canaries)

    def anomalies(self) -> list[Anomaly]:
        """All of them."""
        for run_id in self._project.run_ids:
            self._judge(self._project.view(run_id))
        self._diverging()
        self._foreign_values()
        wanted = (one for findings in self._found.values() for one in findings if not self._is_known(one))
        lookup = _InMemoryLookup(self._project, wanted)
        found = self._attributed(lookup)
        return found + self._leaking_keys(found, lookup)

    def _is_known(self, finding: Finding) -> bool:
        return (finding.key, finding.owner) in self._trails.get(finding.run_id, {})

    def _ask(self, rule_id: str, run_id: str, question: Callable[[], Answer]) -> Answer | None:
        """The answer of a rule; None where it raises, which is noted."""
        try:
            return question()
        except Exception as error:  # a broken rule must not silence its neighbours
            self._errors.append(RuleError(rule_id, run_id, type(error).__name__))
            return None

    def _judge(self, view: RunView) -> None:
        judgement = judge_runs(view.runs, watch=None, rules=self._rules)
        self._errors += judgement.errors
        findings = [*judgement.findings]
        if any(run.kin.ancestors or run.kin.descendants for run in view.runs):
            for one in self._family_rules:
                answer = self._ask(one.id, view.run_id, partial(self._project.family_findings, view, (one,)))
                findings += answer or ()
        rule = self._by_id.get("canary-escaped")
        if rule is not None and self._project.canaries:
            findings += self._ask(rule.id, view.run_id, partial(self._escaped, view, rule)) or ()
        if findings:
            self._found[view.run_id] = first_of_each(findings)
        for run in view.runs:
            if (outcome := outcome_of(run)) is not None:
                self._outcomes.setdefault(run.workflow, []).append(outcome)

    def _escaped(self, view: RunView, rule: Rule) -> list[Finding]:
        return [finding for run in view.runs for finding in escaped(run, self._canaries, rule)]

    def _diverging(self) -> None:
        rule = self._by_id.get("divergent-output")
        if rule is None:
            return
        for outcomes in self._outcomes.values():
            ask = partial(self._all_diverging, outcomes, rule)
            for finding in self._ask(rule.id, outcomes[0].run_id, ask) or ():
                self._found.setdefault(finding.run_id, []).append(finding)

    def _all_diverging(self, outcomes: Sequence[Outcome], rule: Rule) -> list[Finding]:
        return list(diverging(outcomes, self._run_of, rule))

    def _run_of(self, outcome: Outcome) -> Run:
        return self._run_called((outcome.run_id, outcome.number))

    def _run_called(self, name: tuple[str, int]) -> Run:
        return self._project.view(name[0]).runs[name[1]]

    def _foreign_values(self) -> None:
        if "foreign-value" not in self._by_id:
            return
        runs = (run for run_id in self._project.run_ids for run in self._project.view(run_id).runs)
        found = self._ask("foreign-value", "", partial(foreign_values, runs, again=self._run_called))
        for (run_id, _), leaves in (found or {}).items():
            for leaf in leaves:
                finding = leaf.finding
                self._found.setdefault(run_id, []).append(finding)
                self._trails.setdefault(run_id, {}).setdefault((finding.key, finding.owner), leaf.trail)

    def _attributed(self, lookup: _InMemoryLookup) -> list[Anomaly]:
        found: list[Anomaly] = []
        for run_id, findings in sorted(self._found.items()):
            view, known = self._project.view(run_id), self._trails.get(run_id)
            found += attribute(findings, victim=view, lookup=lookup, known=known)
        return found

    def _leaking_keys(self, anomalies: Iterable[Anomaly], lookup: _InMemoryLookup) -> list[Anomaly]:
        """What leaks through keys, by the source of each leak, where the map does not want scoped keys anyway."""
        rule = self._by_id.get("unscoped-key")
        if rule is None:
            return []
        victims: dict[str, dict[str, list[Anomaly]]] = {}
        for one in anomalies:
            if one.rule in IDENTITY_RULES and one.source is not None and one.source.run_id != one.run_id:
                victims.setdefault(one.source.run_id, {}).setdefault(one.run_id, []).append(one)
        found: list[Anomaly] = []
        for source_id, leaks in sorted(victims.items()):
            view = self._project.view(source_id)
            told = {
                (one.event_id, one.path) for one in self._found.get(source_id, ()) if one.rule == "unscoped-key"
            }
            for source in view.runs:
                pairs = [
                    (run, [one for one in shown if one.owner == run.number])
                    for victim_id, shown in sorted(leaks.items())
                    for run in self._project.view(victim_id).runs
                ]
                findings = [
                    one for one in leaking_keys(source, pairs, rule) if (one.event_id, one.path) not in told
                ]
                found += attribute(
                    {one.key: one for one in reversed(findings)}.values(), victim=view, lookup=lookup
                )
        return found


class _InMemoryLookup:
    """Answers from the project's runs: only the values that some finding wants are indexed."""

    def __init__(self, project: Project, findings: Iterable[Finding]) -> None:
        self._project = project
        wants = {want for one in findings if (want := rule_by_id(one.rule).want(one)) is not None}
        self._holders = project.holders(WantedValues(wants))
        for token in {want.token for want in wants if want.token is not None}:
            issuers = (run_id for run_id, _ in project.canaries.get(token, ()))
            holders = self._holders.setdefault(value_key(token), [])
            holders += [one for one in dict.fromkeys(issuers) if one not in holders]

    def holders(self, key: bytes) -> Sequence[RunView]:
        return [self._project.view(run_id) for run_id in self._holders.get(key, ())]

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:
        return [self._project.view(run_id) for run_id in self._project.writing(resources)]
