"""Judges one run event by event, and keeps between two events only what the rules can still need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.detection.ahead import Ahead
from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.facts import MAX_GAPS, RunFacts
from monitor.detection.holdings import Held
from monitor.detection.identity import Identity, Kind, KinRun
from monitor.detection.lines import Lines
from monitor.detection.order import OrderKey, order_key
from monitor.detection.own import OwnIdentity
from monitor.detection.paths import Location
from monitor.detection.rule import Rule
from monitor.detection.scene import Reused, Scene
from monitor.detection.setting import Setting
from monitor.detection.shelf import Shelf
from monitor.detection.snapshot import Snapshot
from monitor.detection.work import AtWork

MAX_ASKED = 256
"""Catalogues and maps for which it is remembered which rules are asked when."""

_Moment = tuple[bool, bool, bool, bool]
_FLAGS = (False, True)
_MOMENTS: tuple[_Moment, ...] = tuple(
    (is_exit, first, final, strange)
    for is_exit in _FLAGS
    for first in _FLAGS
    for final in _FLAGS
    for strange in _FLAGS
)
ByMoment = Mapping[_Moment, Sequence[Rule]]
"""The rules to ask, by whether the event is an exit, the first, the final one, and strange."""

_ASKED: dict[tuple[tuple[Rule, ...], str | None], ByMoment] = {}


@dataclass(frozen=True, slots=True)
class RuleError:
    """A rule that raised: which one, on which run, and the exception's type; never a value."""

    rule: str
    run_id: str
    error: str


class RunJudge:
    """One run, or one of the runs behind a reused id. Events are fed in the order of the run."""

    __slots__ = ("_ahead", "_count", "_ended", "_final_status", "_first_at", "_gaps", "_held", "_last",
                 "_last_at", "_lines", "_memory", "_parent", "_status", "_work", "by_sequence",
                 "digest", "errors", "findings", "holdings", "is_revised", "number", "own", "reused",
                 "workflow")  # fmt: skip

    def __init__(self, *, workflow: str, digest: str, own: OwnIdentity, by_sequence: bool) -> None:
        self.workflow = workflow
        self.digest = digest
        self.own = own
        self.by_sequence = by_sequence
        self.number = 0
        self.reused: Reused | None = None
        self.findings: list[Finding] = []
        self.holdings: dict[int, bool] = {}
        self.is_revised = False
        """Whether something that was found at an earlier event does not hold any more."""
        self.errors: list[RuleError] = []
        self._lines = Lines()
        self._held = Held()
        self._work = AtWork()
        self._memory: dict[str, Any] = {}
        self._ahead = Ahead()
        self._parent: tuple[str | None, str | None] = (None, None)
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None
        self._ended = False
        self._final_status: str | None = None
        self._status: str | None = None
        self._count = 0
        self._gaps: tuple[int, ...] = ()
        self._last: tuple[int | None, datetime, str, str] | None = None

    def follows(self, event: Event) -> bool:
        """Whether the event comes after all that were judged, so that nothing judged can change."""
        if self._last is None:
            return True
        if self.by_sequence and event.sequence is None:
            return False
        sequence, occurred_at, phase, event_id = self._last
        last: OrderKey = (
            sequence if self.by_sequence and sequence is not None else occurred_at, phase != "enter", event_id
        )  # fmt: skip
        return order_key(event, by_sequence=self.by_sequence) > last

    def is_reused_by(self, events: Sequence[Event]) -> bool:
        """Whether with these events the run id carries two asserted execution ids or two sessions."""
        said = self.own.asserted
        ids = {said.execution_id, *(event.execution_id for event in events)} - {None}
        sessions = {said.session, *(event.session for event in events)} - {None}
        return len(ids) > 1 or len(sessions) > 1

    def begins_at(self, events: Sequence[Event]) -> bool:
        """Whether further events leave the run's beginning where it was."""
        return self._first_at is not None and all(event.occurred_at >= self._first_at for event in events)

    def is_revised_by(self, events: Iterable[Event], context_map: ContextMap | None) -> bool:
        """Whether further events say something that a rule asked for when it looked at `Scene.later`."""
        return self._ahead.is_met_by(events, context_map, ended=self._ended)

    def as_kin(self, run_id: str) -> KinRun:
        """The run as it stands in its own family."""
        own = self.own
        return KinRun(run_id, own.identity, own.asserted, self._parent[0], self.number, self._first_at)

    @property
    def ended(self) -> bool:
        """Whether a final event was judged."""
        return self._ended

    def judge(self, snapshots: Sequence[Snapshot], setting: Setting) -> None:
        """Judges further events, all of them after those before; `own` has learnt them already."""
        own = self.own.identity
        rules = _by_moment(setting)
        finals = [index for index, snapshot in enumerate(snapshots) if snapshot.event.final]
        last_final = finals[-1] if finals else -1
        for index, snapshot in enumerate(snapshots):
            self._judge(snapshot, own, setting, rules, final=index == last_final, later=(snapshots, index + 1))
            self._note(snapshot.event)

    def _judge(
        self,
        snapshot: Snapshot,
        own: Identity,
        setting: Setting,
        rules: ByMoment,
        *,
        final: bool,
        later: tuple[Sequence[Snapshot], int],
    ) -> None:
        event = snapshot.event
        line = self._lines.follow(event, setting.joins)
        scene = Scene(snapshot, line, line.rounds[event.step], own, setting.kin)
        scene.context_map, scene.memory, scene.number = setting.context_map, self._memory, self._count
        scene.first, scene.final, scene.later_from = self._count == 0, final, later
        scene.reused, scene.owner = self.reused, self.number
        if event.phase == "exit":
            scene.entered = line.entered(event)
            scene.overlapping = self._work.leave(event, entered=scene.entered is not None)
        else:
            self._work.enter(event)
            self._ahead.enter(event)
        scene.mine = mine = _of_its_own(snapshot, own)
        findings = self.findings
        for rule in rules[event.phase == "exit", scene.first, final, len(mine) < len(snapshot.marks)]:
            known = len(findings)
            try:
                findings.extend(rule.judge(scene))
            except Exception as error:  # a broken rule must not silence its neighbours
                del findings[known:]
                self.errors.append(RuleError(rule.id, event.run_id, type(error).__name__))
        self.is_revised = self.is_revised or scene.is_revised
        if new := line.unnoted(event, "own", mine):
            scene.note("own", new)
        line.pass_(snapshot)
        if setting.watch is not None:
            self._held.take(snapshot, setting.watch, self.holdings)

    def _note(self, event: Event) -> None:
        at = event.occurred_at
        if self.by_sequence and self._last is not None and event.sequence is not None:
            before = self._last[0] if self._last[0] is not None else event.sequence
            if event.sequence > before + 1:
                missing = range(before + 1, event.sequence)[: MAX_GAPS - len(self._gaps)]
                self._gaps = (*self._gaps, *missing)
        if self._first_at is None or at < self._first_at:
            self._first_at = at
        if self._last_at is None or at > self._last_at:
            self._last_at = at
        if self._parent[0] is None and event.parent_run_id is not None:
            self._parent = event.parent_run_id, event.parent_step
        if event.final:
            self._ended, self._final_status = True, event.status
        self._status = event.status
        self._count += 1
        self._last = event.sequence, at, event.phase, event.event_id

    @property
    def facts(self) -> RunFacts:
        """What is known of the run; at least one event must have been judged."""
        if self._first_at is None or self._last_at is None:
            raise ValueError("a run without an event has no facts")
        return RunFacts(
            identity=self.own.identity,
            asserted=self.own.asserted,
            parent_run_id=self._parent[0],
            parent_step=self._parent[1],
            first_at=self._first_at,
            last_at=self._last_at,
            ended=self._ended,
            status=self._final_status if self._ended else self._status,
            events=self._count,
            gaps=self._gaps,
        )

    def dump(self) -> Any:
        """The state as plain data, without what was found; only that of an only run behind its id is of use."""
        last, shelf = self._last, Shelf()
        lines = self._lines.dump(shelf)
        return {
            "workflow": self.workflow,
            "digest": self.digest,
            "by_sequence": self.by_sequence,
            "own": self.own.dump(),
            "lines": lines,
            "work": self._work.dump(),
            "memory": self._memory,
            "ahead": self._ahead.dump(),
            "shelf": shelf.dump(),
            "held": self._held.dump(),
            "parent": list(self._parent),
            "times": [at.isoformat() if at else None for at in (self._first_at, self._last_at)],
            "ended": [self._ended, self._final_status, self._status],
            "count": self._count,
            "gaps": list(self._gaps),
            "last": [last[0], last[1].isoformat(), last[2], last[3]] if last else None,
        }

    @classmethod
    def load(cls, state: Any) -> RunJudge:
        """The state that `dump` gave."""
        judge = cls(
            workflow=state["workflow"],
            digest=state["digest"],
            own=OwnIdentity.load(state["own"]),
            by_sequence=state["by_sequence"],
        )
        judge._lines = Lines.load(state["lines"], Shelf(state["shelf"]))
        judge._work = AtWork.load(state["work"])
        judge._memory = state["memory"]
        judge._ahead = Ahead.load(state["ahead"])
        judge._held = Held.load(state["held"])
        judge._parent = (state["parent"][0], state["parent"][1])
        judge._first_at, judge._last_at = (datetime.fromisoformat(at) if at else None for at in state["times"])
        judge._ended, judge._final_status, judge._status = state["ended"]
        judge._count = state["count"]
        judge._gaps = tuple(state["gaps"])
        if state["last"]:
            sequence, at, phase, event_id = state["last"]
            judge._last = sequence, datetime.fromisoformat(at), phase, event_id
        return judge


def _of_its_own(snapshot: Snapshot, own: Identity) -> list[tuple[Kind, Location]]:
    """The places of a snapshot that hold the run's own identity."""
    texts = {"execution_id": own.execution_id, "session": own.session, "tenant": own.tenant}
    return [(mark.kind, mark.location) for mark in snapshot.marks if mark.text == texts[mark.kind]]


def _by_moment(setting: Setting) -> ByMoment:
    key = setting.rules, setting.context_map.digest if setting.context_map is not None else None
    known = _ASKED.get(key)
    if known is None:
        rules = [rule for rule in setting.rules if _speaks(rule, setting.context_map)]
        known = {moment: [rule for rule in rules if _is_asked(rule, moment)] for moment in _MOMENTS}
        if len(_ASKED) >= MAX_ASKED:
            _ASKED.clear()
        _ASKED[key] = known
    return known


def _speaks(rule: Rule, context_map: ContextMap | None) -> bool:
    try:
        return rule.speaks(context_map)
    except Exception:
        # A rule that cannot even say so is asked, so that its failure is recorded with a run.
        return True


def _is_asked(rule: Rule, moment: _Moment) -> bool:
    is_exit, first, final, strange = moment
    asked = {
        "any": True,
        "enter": not is_exit,
        "exit": is_exit,
        "first": first,
        "final": final,
        "strange": strange,
        "never": False,
    }
    return asked[rule.moment]
