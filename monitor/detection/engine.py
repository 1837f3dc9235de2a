"""Judges a run: from scratch, or onwards from a stored state; both find the same.

What is found depends on the set of events alone (EVENTS.md, "Order"). `advance` refuses whatever
could change what was found before; the caller then judges the run whole.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.detection.anomaly import AnomalyKey, Finding
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.facts import RunFacts, together
from monitor.detection.family import kin_of_part
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.judging import RuleError, RunJudge
from monitor.detection.order import has_sequence, once_each, order_key
from monitor.detection.rule import Rule
from monitor.detection.runs import Run, runs_behind
from monitor.detection.setting import Setting, digest_of
from monitor.detection.snapshot import snapshots_of

__all__ = ["Judgement", "RuleError", "RunFacts", "Watch", "advance", "judge_run", "judge_runs"]

STATE_VERSION = 3, sys.implementation.cache_tag, marshal.version
"""A state is read back only by the code and the interpreter that could have written it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in a run, and the state to go on from.

    `whole`: findings and holdings are all of the run's; otherwise they are those of the new events.
    Of findings with one key the first stands: an `advance` may bring one that is stored already,
    and the stored one stays. `holdings` are the fingerprints of the run's values, in the order in which it
    held them first, each with whether it may be an identity or a canary. `facts` are complete either
    way. `errors` names rules that raised; the others were not disturbed.
    """

    findings: tuple[Finding, ...]
    holdings: Mapping[int, bool]
    facts: RunFacts
    whole: bool
    errors: tuple[RuleError, ...] = ()
    _judges: Sequence[RunJudge] = field(default=(), repr=False, compare=False)

    @property
    def state(self) -> bytes:
        """The state to go on from, written down when it is asked for; empty where nothing is stored."""
        return _dump(self._judges) if self._judges else b""


def judge_run(
    events: Iterable[Event],
    *,
    context_map: ContextMap | None,
    kin: Kin,
    watch: Watch | None,
    rules: tuple[Rule, ...] = CATALOGUE,
    maps: Mapping[str, ContextMap] | None = None,
) -> Judgement:
    """Judges all events of one run id from scratch, in any order and with repetitions.

    `context_map` is the map of the run's workflow; `maps`, by workflow, takes its place where the
    caller has them all: a reused run id may stand for runs of several workflows. `watch=None`
    is for callers that store nothing: there are no holdings and no state. Raises ValueError for no events.
    """
    return judge_runs(runs_behind(events, context_map=context_map, kin=kin, maps=maps), watch=watch, rules=rules)


def judge_runs(runs: Iterable[Run], *, watch: Watch | None, rules: tuple[Rule, ...] = CATALOGUE) -> Judgement:
    """Judges the runs behind one run id (`RunView.runs`); otherwise like `judge_run`."""
    judges = []
    for run in runs:
        setting = Setting(run.context_map, run.family, run.kin, watch, rules)
        judge = RunJudge(
            workflow=run.workflow,
            digest=digest_of(setting) if watch is not None else "",
            own=run.learnt,
            by_sequence=has_sequence(snapshot.event for snapshot in run.snapshots),
        )
        judge.number, judge.reused = run.number, run.reused
        judge.judge(run.snapshots, setting)
        judges.append(judge)
    return _judgement(judges, whole=True, stored=watch is not None)


def advance(
    state: bytes,
    new_events: Iterable[Event],
    *,
    context_map: ContextMap | None,
    kin: Kin,
    watch: Watch | None,
    rules: tuple[Rule, ...] = CATALOGUE,
    maps: Mapping[str, ContextMap] | None = None,
) -> Judgement | None:
    """Judges new events of a run on top of its stored state; its cost does not grow with the run.

    The caller leaves out events that were judged before. None where the new events could change
    what was found (a late one, one that changes the run's own identity, a second final one, one that
    a rule would have looked ahead for, a reused run id) or the state belongs to another map, family, watch,
    catalogue or version.
    """
    judge = _load(state)
    events = once_each(new_events)
    if judge is None or not events or judge.is_reused_by(events):
        return None
    part_map = maps.get(judge.workflow) if maps is not None else context_map
    part_kin = kin_of_part(kin, [judge.as_kin(events[0].run_id)], 0)
    setting = Setting(part_map, kin, part_kin, watch, rules)
    if judge.digest != digest_of(setting) or not judge.begins_at(events):
        return None
    if not _goes_on(judge, events, part_map):
        return None
    snapshots = snapshots_of(events, part_map)
    if not judge.own.keeps(snapshots):
        return None
    judge.judge(snapshots, setting)
    return None if judge.is_revised else _judgement([judge], whole=False, stored=True)


def _goes_on(judge: RunJudge, events: list[Event], context_map: ContextMap | None) -> bool:
    """Whether events, which are put in order, come after all that were judged and leave it as it was."""
    if judge.by_sequence and not has_sequence(events):
        return False
    events.sort(key=lambda event: order_key(event, by_sequence=judge.by_sequence))
    if not judge.follows(events[0]) or (judge.ended and any(event.final for event in events)):
        return False
    return not judge.is_revised_by(events, context_map)


def _judgement(judges: Sequence[RunJudge], *, whole: bool, stored: bool) -> Judgement:
    findings: dict[tuple[AnomalyKey, int], Finding] = {}
    for judge in judges:
        for finding in judge.findings:
            findings.setdefault((finding.key, finding.owner), finding)
    holdings: dict[int, bool] = {}
    for judge in judges:
        for value, special in judge.holdings.items():
            holdings[value] = special or holdings.get(value, False)
    return Judgement(
        findings=tuple(findings.values()),
        holdings=holdings,
        facts=together(tuple(judge.facts for judge in judges)),
        whole=whole,
        errors=tuple(error for judge in judges for error in judge.errors),
        _judges=judges if stored else (),
    )


def _dump(judges: Sequence[RunJudge]) -> bytes:
    """The state; that of a reused run id is empty: what is behind it is always judged whole."""
    if len(judges) > 1:
        return b""
    return marshal.dumps((STATE_VERSION, judges[0].dump()))


def _load(state: bytes) -> RunJudge | None:
    try:
        version, judge = marshal.loads(state)  # noqa: S302 - written by us alone, into our own table
        return RunJudge.load(judge) if version == STATE_VERSION else None
    except (ValueError, KeyError, TypeError, IndexError, EOFError):
        return None
