"""reconciliation-mismatch: two paths that must agree. Source: RULES.md, Integrity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.detection.ruling import Row, ruled
from tests.detection.samples import event

PAIR = "reconcile: [[$.a, $.b]]"


def told(*contexts: Any, body: str = PAIR, **fields: Any) -> list[Row]:
    """What the rule says of exits one second apart."""
    events = [event(f"S{second}.exit", context, at=second, **fields) for second, context in enumerate(contexts)]
    return ruled("reconciliation-mismatch", events, body)


def test_it_fires_at_every_event_that_shows_the_difference_at_the_first_path() -> None:
    got = told({"a": 2, "b": 1}, {"a": 1, "b": 1}, {"a": 2, "b": 1})
    assert got == [("S0.exit", "$.a", 1, 2), ("S2.exit", "$.a", 1, 2)]


@pytest.mark.parametrize(
    "context", [{"a": 1}, {"b": 1}, {}, {"a": 1, "b": 1.0}, {"a": {"x": [1]}, "b": {"x": [1]}}]
)
def test_both_must_be_there_and_differ(context: Any) -> None:
    assert told(context) == []


@pytest.mark.parametrize(
    "context", [{"a": 1, "b": None}, {"a": None, "b": 0}, {"a": 1, "b": True}, {"a": "1", "b": 1}]
)
def test_null_is_there_and_kinds_differ(context: Any) -> None:
    assert told(context) == [("S0.exit", "$.a", context["b"], context["a"])]


def test_fingerprints_compare_with_fingerprints_alone() -> None:
    assert told({"a": "fp:1", "b": "x"}, {"a": 7, "b": "fp:1"}, {"a": "fp:1", "b": "fp:1"}) == []
    assert told({"a": "fp:1", "b": "fp:2"}) == [("S0.exit", "$.a", "fp:2", "fp:1")]


def test_an_object_is_compared_whole_and_named_once() -> None:
    a, b = {"n": 1, "sum": 2}, {"n": 1, "sum": 3}
    assert told({"a": a, "b": b}) == [("S0.exit", "$.a", b, a)]


def test_paths_with_several_matches_are_compared_as_lists() -> None:
    body = "reconcile: [['$.rows[*].n', '$.booked[*]']]"
    assert told({"rows": [{"n": 1}, {"n": 2}], "booked": [1, 2]}, body=body) == []
    assert told({"rows": [{"n": 1}, {"n": 2}], "booked": [1, 3]}, body=body) == [
        ("S0.exit", "$.rows[0].n", [1, 3], [1, 2])
    ]
    assert told({"rows": [{"n": 1}, {"n": 2}], "booked": [1]}, body=body) != []


def test_each_pair_is_judged_and_a_partial_snapshot_shows_what_it_shows() -> None:
    body = "reconcile: [[$.a, $.b], [$.c, $.b]]"
    assert told({"a": 2, "b": 1, "c": 3}, body=body, partial=True) == [
        ("S0.exit", "$.a", 1, 2),
        ("S0.exit", "$.c", 1, 3),
    ]


def test_it_is_silent_without_pairs_in_the_map() -> None:
    assert told({"a": 2, "b": 1}, body="") == []
