"""Turns verdicts into findings with their evidence, event by event. Source: FOREIGN-VALUE.md, step 8."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.paths import render
from monitor.detection.people.cases import Case, CaseBook
from monitor.detection.people.evidence import Evidence
from monitor.detection.people.locating import Standing, standing
from monitor.detection.people.privacy import States
from monitor.detection.people.seen import Fact, RunKey, SeenRun
from monitor.detection.people.sources import LeakSources
from monitor.detection.people.verdicts import Verdicts
from monitor.detection.rule import finding_at
from monitor.detection.rules.foreign_value import ForeignValue
from monitor.detection.sources import Trail

_RULE = ForeignValue()


@dataclass(frozen=True, slots=True)
class ForeignLeaf:
    """A finding of foreign-value with its evidence and its source; `owner` is the session whose value it is.

    The finding carries the evidence as JSON.
    """

    finding: Finding
    owner: str
    evidence: Evidence
    trail: Trail | None


Shown = tuple[Standing, Case, Evidence, dict[str, Any]]
"""A foreign leaf of an event, with what there is to say about it, and the evidence as JSON."""


class Reporter:
    """Reports what is foreign in each run, at each event that also holds something of this session's own."""

    def __init__(self, verdicts: Verdicts, states: States) -> None:
        self._verdicts = verdicts
        self._states = states
        self._crowd = verdicts.crowd
        self._book = CaseBook(verdicts)
        self._sources = LeakSources(verdicts.crowd, verdicts.proofs)

    def report(self, key: RunKey) -> tuple[ForeignLeaf, ...]:
        """The findings of one run, in the order of its events and then in document order."""
        seen, cases = self._crowd.runs[key], dict[Fact, Case]()
        run, states = seen.load(), self._states(seen)
        found: list[ForeignLeaf] = []
        shown: list[Shown] = []
        for index, snapshot in enumerate(run.snapshots):
            if not index or states[index] is not states[index - 1]:
                shown = self._shown(seen, states[index], snapshot.event.context, cases)
            for leaf, case, evidence, plain in shown:
                finding = finding_at(
                    _RULE,
                    snapshot.event,
                    leaf.location,
                    owner=run.number,
                    expected=case.expected,
                    observed=leaf.value,
                    wants=leaf.value,
                    evidence=plain,
                )
                trail = self._sources.trail(key, case.owner.session, leaf.location, leaf.fact)
                found.append(ForeignLeaf(finding, case.owner.session, evidence, trail))
        return tuple(found)

    def _shown(self, seen: SeenRun, here: frozenset[Fact], context: Any, cases: dict[Fact, Case]) -> list[Shown]:
        """What is foreign in one event, with the evidence; nothing where the event holds nothing of one's own."""
        proven = self._verdicts.proofs[seen.key]
        if here.isdisjoint(proven):
            return []
        own = {fact for fact in here.difference(proven) if self._verdicts.is_own(seen.session, fact[1])}
        if not own:
            return []
        sides = _Sides(context, here, own, self._verdicts)
        found = []
        for leaf in standing(context, here.intersection(proven)):
            case = cases.get(leaf.fact)
            if case is None:
                case = cases[leaf.fact] = self._book.case(seen, leaf.fact)
            evidence = case.evidence(sides.own, sides.of(case.owner.session))
            found.append((leaf, case, evidence, evidence.as_json()))
        return found


class _Sides:
    """The leaves of an event by whose they are."""

    def __init__(self, context: Any, facts: Collection[Fact], own: Collection[Fact], verdicts: Verdicts) -> None:
        listed = standing(context, [fact for fact in facts if fact[0].listed])
        leaves = [(one.location, one.fact, render(one.location)) for one in listed]
        leaves += [(fact[0].names, fact, fact[0].path) for fact in facts if not fact[0].listed]
        self._leaves = [(fact, path) for _, fact, path in sorted(leaves, key=lambda leaf: leaf[0])]
        self._verdicts = verdicts
        self._of: dict[str, tuple[str, ...]] = {}
        self.own = tuple([path for fact, path in self._leaves if fact in own])

    def of(self, session: str) -> tuple[str, ...]:
        """Those of the person behind a session."""
        if session not in self._of:
            is_own = self._verdicts.is_own
            self._of[session] = tuple([path for fact, path in self._leaves if is_own(session, fact[1])])
        return self._of[session]
