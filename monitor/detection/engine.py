"""Judges a run: from scratch, or onwards from a stored state; both find the same.

What is found depends on the set of events alone (EVENTS.md, "Order"). `advance` refuses whatever
could change what was found before; the caller then judges the run whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.detection.anomaly import AnomalyKey, Finding
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.facts import RunFacts, together
from monitor.detection.holdings import Holding, Watch
from monitor.detection.identity import Kin, KinRun
from monitor.detection.judging import RuleError, RunJudge, Setting
from monitor.detection.order import has_sequence, once_each, order_key
from monitor.detection.reuse import Part, parts_of
from monitor.detection.rule import Reused, Rule
from monitor.detection.snapshot import Snapshot
from monitor.detection.values import value_key

__all__ = ["Holding", "Judgement", "RuleError", "RunFacts", "Watch", "advance", "judge_run"]

STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in a run, and the state to go on from.

    `whole`: findings and holdings are all of the run's; otherwise they are those of the new events.
    Of findings with one key the first stands: an `advance` may bring one that is stored already,
    and the stored one stays. The same goes for holdings with one value and path. `facts` are
    complete either way. `errors` names rules that raised; the others were not disturbed.
    """

    findings: tuple[Finding, ...]
    holdings: tuple[Holding, ...]
    facts: RunFacts
    state: bytes
    whole: bool
    errors: tuple[RuleError, ...] = ()


def judge_run(
    events: Iterable[Event],
    *,
    context_map: ContextMap | None,
    kin: Kin,
    watch: Watch | None,
    rules: tuple[Rule, ...] = CATALOGUE,
) -> Judgement:
    """Judges all events of one run id from scratch, in any order and with repetitions.

    `watch=None` leaves holdings out, for callers that look sources up themselves. Raises ValueError
    for no events.
    """
    setting = Setting(context_map, kin, watch, rules)
    by, parts = parts_of(once_each(events))
    judges = [_judge_part(number, parts, setting) for number in range(len(parts))]
    if not judges[0].count:
        raise ValueError("a run without an event cannot be judged")
    return _judgement(judges, setting, whole=True)


def advance(
    state: bytes,
    new_events: Iterable[Event],
    *,
    context_map: ContextMap | None,
    kin: Kin,
    watch: Watch | None,
    rules: tuple[Rule, ...] = CATALOGUE,
) -> Judgement | None:
    """Judges new events of a run on top of its stored state; its cost does not grow with the run.

    The caller leaves out events that were judged before. None where the new events could change
    what was found (a late one, one that changes the run's own identity, a second final one, a
    reused run id) or the state belongs to another map, family, watch, catalogue or version.
    """
    setting = Setting(context_map, kin, watch, rules)
    judge = _load(state, setting)
    events = once_each(new_events)
    if judge is None or not events or judge.is_reused_by(events):
        return None
    if judge.by_sequence and not has_sequence(events):
        return None
    events.sort(key=lambda event: order_key(event, by_sequence=judge.by_sequence))
    if not judge.follows(events[0]) or (judge.ended and any(event.final for event in events)):
        return None
    snapshots = [Snapshot(event, context_map) for event in events]
    if not judge.own.keeps(snapshots):
        return None
    judge.judge(snapshots, setting)
    return _judgement([judge], setting, whole=False)


def _judge_part(number: int, parts: Sequence[Part], setting: Setting) -> RunJudge:
    part, first = parts[number], parts[0]
    reused = None
    if number and part.asserted is not None and first.asserted is not None:
        reused = Reused(first.asserted, part.asserted)
    judge = RunJudge(number=number, reused=reused, by_sequence=has_sequence(part.events))
    snapshots = [Snapshot(event, setting.context_map) for event in part.events]
    judge.own.keeps(snapshots)
    judge.judge(snapshots, setting)
    return judge


def _judgement(judges: Sequence[RunJudge], setting: Setting, *, whole: bool) -> Judgement:
    findings: dict[AnomalyKey, Finding] = {}
    holdings: dict[tuple[bytes, str], Holding] = {}
    for judge in judges:
        for finding in judge.findings:
            findings.setdefault(finding.key, finding)
        for holding in judge.holdings:
            holdings.setdefault((holding.value_key, holding.path), holding)
    return Judgement(
        findings=tuple(findings.values()),
        holdings=tuple(holdings.values()),
        facts=together(tuple(judge.facts for judge in judges)),
        state=_dump(judges, setting),
        whole=whole,
        errors=tuple(error for judge in judges for error in judge.errors),
    )


def _dump(judges: Sequence[RunJudge], setting: Setting) -> bytes:
    """The runs behind a reused id are few events each: they are judged whole every time."""
    judge = judges[0].dump() if len(judges) == 1 else None
    return json.dumps({"digest": _digest(setting), "judge": judge}, separators=(",", ":")).encode()


def _load(state: bytes, setting: Setting) -> RunJudge | None:
    try:
        stored = json.loads(state)
        if stored["digest"] != _digest(setting) or stored["judge"] is None:
            return None
        return RunJudge.load(stored["judge"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _digest(setting: Setting) -> str:
    kin: list[Any] = [[_kin(one) for one in side] for side in (setting.kin.ancestors, setting.kin.descendants)]
    return value_key(
        [
            STATE_VERSION,
            [rule.id for rule in setting.rules],
            setting.context_map.digest if setting.context_map else None,
            setting.watch.digest if setting.watch else None,
            kin,
        ]
    ).hex()


def _kin(one: KinRun) -> list[Any]:
    own, said = one.own, one.asserted
    return [one.run_id, own.execution_id, own.session, own.tenant, said.execution_id, said.session, said.tenant]
