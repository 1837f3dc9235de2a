"""The generated streams: not one anomaly differs from a literal reading of RULES.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from monitor.detection.anomaly import Anomaly
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.history import judge_all
from monitor.detection.values import canonical
from tests.detection.samples import random_streams
from tests.detection.scoring import RULE_IDS

STREAMS = {sample.name: sample for sample in random_streams()}
WITH_ANSWERS = tuple(rule for rule in CATALOGUE if rule.id != "foreign-value")
"""The reference answers leave out `foreign-value`, and what would follow from it alone."""


@pytest.mark.parametrize("name", STREAMS)
def test_nothing_differs_from_the_reference(name: str) -> None:
    sample = STREAMS[name]
    expected = [_expected_row(one) for one in sample.expected["anomalies"] if one["rule"] in RULE_IDS]
    found = [_found_row(one) for one in judge_all(sample.events, sample.maps, WITH_ANSWERS)]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def _expected_row(one: Mapping[str, Any]) -> tuple[Any, ...]:
    source = one["source"]
    whence = tuple(source[part] for part in ("run_id", "step", "path", "resource")) if source else None
    parts = (
        "rule",
        "run_id",
        "step",
        "phase",
        "attempt",
        "branch",
        "path",
        "event_id",
        "workflow",
        "severity",
        "class",
    )
    return (*(one[part] for part in parts), whence, canonical(one["expected"]), canonical(one["observed"]))


def _found_row(one: Anomaly) -> tuple[Any, ...]:
    source = one.source
    whence = (source.run_id, source.step, source.path, source.resource) if source else None
    rest = (one.event_id, one.workflow, one.severity, one.leak_class)
    return (*one.key, *rest, whence, canonical(one.expected), canonical(one.observed))
