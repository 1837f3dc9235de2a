"""Judges runs with branches by the two rules of branches alone, in whatever order their events come."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.engine import Judgement, advance, judge_run
from monitor.detection.event import Event
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.order import in_order
from monitor.detection.rules.branch_interference import BranchInterference
from monitor.detection.rules.lost_update import LostUpdate
from tests.detection.samples import event, maps_of

INTERFERENCE, LOST = "branch-interference", "lost-update"
RULES = (BranchInterference(), LostUpdate())
MAP = """
version: 1
workflow: checkout
steps:
  Declared: {writes: [$.checks.own]}
parallel:
  - {branches: [a, b, c], join: Join}
"""
Row = tuple[str, str, str | None, str, Any, Any, str]


def whole(events: Sequence[Event], text: str = MAP) -> Judgement:
    """All that the two rules find, from scratch."""
    context_map = maps_of([text])["checkout"]
    judged = judge_run(events, context_map=context_map, kin=Kin(), watch=Watch(), rules=RULES)
    assert judged.errors == ()
    return judged


def onwards(events: Sequence[Event], text: str = MAP) -> tuple[dict[Any, Finding], int]:
    """What a caller holds after judging the events one by one as they come, and how often it had to start anew."""
    context_map, judged, anew = maps_of([text])["checkout"], None, 0
    stored: dict[Any, Finding] = {}
    for number, one in enumerate(events, start=1):
        going = None
        if judged is not None:
            going = advance(judged.state, [one], context_map=context_map, kin=Kin(), watch=Watch(), rules=RULES)
            anew += going is None
        judged = going or whole(events[:number], text)
        if judged.whole:
            stored.clear()
        for finding in judged.findings:
            stored.setdefault(finding.key, finding)
    return stored, anew


def found(*events: Event, text: str = MAP) -> list[Row]:
    """What is found, whatever order the events come in: (step and phase, rule, ..., the source's step)."""
    judged = {one.key: one for one in whole(events, text).findings}
    dice = random.Random(7)
    for _ in range(4):
        shuffled = dice.sample(events, len(events))
        assert onwards(shuffled, text)[0] == judged
    assert onwards(in_order(events), text)[0] == judged
    rows = []
    for one in judged.values():
        assert one.source is not None
        moment = f"{one.step}.{one.phase}"
        rows.append((one.rule, moment, one.branch, one.path, one.expected, one.observed, one.source.step))
    return sorted(rows, key=repr)


def run(*moments: tuple[str, dict[str, Any]], **fields: Any) -> list[Event]:
    """Events a second apart: `branch:Step.phase` and the context, the branch left out on the main line."""
    events = []
    for at, (moment, context) in enumerate(moments):
        branch, _, step = moment.rpartition(":")
        events.append(event(step, context, at=at, branch=branch or None, **fields))
    return events
