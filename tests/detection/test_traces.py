"""Each rule's traces: the leaking one shows it and nothing else, the clean one keeps every rule silent."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.anomaly import Anomaly
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.history import judge_all
from tests.detection.samples import trace, trace_names


@pytest.mark.parametrize("rule", [rule for rule, kind in trace_names() if kind == "leaking"])
def test_a_leaking_trace_shows_its_rule(rule: str) -> None:
    sample = trace(rule, "leaking")
    found = judge_all(sample.events, sample.maps)
    expected = sample.expected["anomalies"]
    assert sorted(map(_row, found), key=repr) == sorted(map(_label, expected), key=repr)
    assert rule in {one.rule for one in found}


@pytest.mark.parametrize("name", [rule for rule, kind in trace_names() if kind == "clean"])
@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_clean_trace_is_silent_under_every_rule(name: str, rule: Any) -> None:
    sample = trace(name, "clean")
    assert judge_all(sample.events, sample.maps, (rule,)) == ()


def _row(one: Anomaly) -> tuple[Any, ...]:
    source = (one.source.run_id, one.source.step, one.source.path, one.source.resource) if one.source else None
    return (one.rule, one.run_id, one.step, one.phase, one.attempt, one.path, one.leak_class, source)


def _label(label: dict[str, Any]) -> tuple[Any, ...]:
    whence = label["source"]
    source = (whence["run_id"], whence["step"], whence["path"], whence.get("resource")) if whence else None
    parts = ("rule", "run_id", "step", "phase", "attempt", "path", "class")
    return (*(label[part] for part in parts), source)
