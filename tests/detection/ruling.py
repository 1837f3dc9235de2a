"""What one rule says of a few events made by hand: from scratch, and event by event alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.detection.anomaly import Anomaly, Finding
from monitor.detection.catalogue import rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import advance, judge_run
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.maps import parse_map
from monitor.detection.order import in_order

Row = tuple[str, str, Any, Any]
"""Moment, path, expected and observed."""


def map_text(body: str, workflow: str = "checkout") -> str:
    """A map of a workflow with further keys."""
    return f"version: 1\nworkflow: {workflow}\n{body}\n"


def found(rule: str, events: Sequence[Event], body: str = "") -> tuple[Anomaly, ...]:
    """What a rule finds in a project; `body` is the map of `checkout` without its first two keys.

    Raises AssertionError where a run of it, judged event by event in order, shows anything else than
    judged at once.
    """
    one = parse_map(map_text(body))
    for run_id in {event.run_id for event in events}:
        _assert_onwards([event for event in events if event.run_id == run_id], one, rule)
    return judge_all(events, {one.workflow: one}, (rule_by_id(rule),))


def rows(anomalies: Sequence[Anomaly]) -> list[Row]:
    """Where each shows, and what it says."""
    return [(f"{one.step}.{one.phase}", one.path, one.expected, one.observed) for one in anomalies]


def ruled(rule: str, events: Sequence[Event], body: str = "") -> list[Row]:
    """What a rule finds in a project, as rows."""
    return rows(found(rule, events, body))


def sources(anomalies: Sequence[Anomaly]) -> list[tuple[str, str, str] | None]:
    """Run, event and path of each one's source."""
    whence = [one.source for one in anomalies]
    return [(one.run_id, one.event_id, one.path) if one else None for one in whence]


def _assert_onwards(events: Sequence[Event], context_map: ContextMap, rule: str) -> None:
    """Judges a run onwards from its stored state after each event."""
    ordered, setting = in_order(events), (rule_by_id(rule),)
    whole = judge_run(ordered, context_map=context_map, kin=Kin(), watch=Watch(), rules=setting)
    told: dict[tuple[Any, ...], Finding] = {}
    state = b""
    for number, event in enumerate(ordered, start=1):
        onwards = advance(state, [event], context_map=context_map, kin=Kin(), watch=Watch(), rules=setting)
        judgement = onwards or judge_run(
            ordered[:number], context_map=context_map, kin=Kin(), watch=Watch(), rules=setting
        )
        if judgement.whole:
            told.clear()
        for one in judgement.findings:
            told.setdefault((*one.key, one.owner), one)
        state = judgement.state
        assert not judgement.errors
    assert told == {(*one.key, one.owner): one for one in whole.findings}
