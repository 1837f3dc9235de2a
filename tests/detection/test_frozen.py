"""frozen-field-changed: a value that must stay between two steps. Source: RULES.md, Integrity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.detection.ruling import Row, found, rows, ruled
from tests.detection.samples import event

FROZEN = "frozen: [{path: $.q, from: Quote, until: Send}]"


def told(*moments: tuple[str, Any], body: str = FROZEN, **fields: Any) -> list[Row]:
    """What the rule says of events one second apart; the value is that of `$.q`, `...` for none."""
    return ruled("frozen-field-changed", [
        event(moment, {} if value is ... else {"q": value}, at=second, **fields)
        for second, (moment, value) in enumerate(moments)
    ], body)  # fmt: skip


def test_the_first_event_that_differs_is_told_and_no_other() -> None:
    got = told(("Quote.exit", 1), ("A.enter", 1), ("A.exit", 2), ("B.exit", 1), ("C.exit", 3))
    assert got == [("A.exit", "$.q", 1, 2)]


def test_of_that_event_every_place_that_differs_is_told() -> None:
    first = {"a": 1, "b": 1, "c": 1}
    second, third = {"a": 2, "b": 2, "c": 1}, {"a": 2, "b": 2, "c": 2}
    assert told(("Quote.exit", first), ("A.exit", second), ("B.exit", third)) == [
        ("A.exit", "$.q.a", 1, 2),
        ("A.exit", "$.q.b", 1, 2),
    ]


def test_until_its_own_exit_and_no_longer() -> None:
    assert told(("Quote.exit", 1), ("Send.enter", 1), ("Send.exit", 2)) == [("Send.exit", "$.q", 1, 2)]
    assert told(("Quote.exit", 1), ("Send.enter", 1), ("Send.exit", 1), ("A.exit", 2)) == []


def test_only_the_exit_of_the_first_step_freezes() -> None:
    assert told(("Quote.enter", 1), ("A.exit", 2)) == []
    assert told(("A.exit", 1), ("B.exit", 2), ("Quote.exit", 3)) == []


def test_a_later_exit_of_the_first_step_freezes_anew() -> None:
    again = ("Quote.exit", 1), ("A.exit", 2), ("Quote.enter", 2), ("Quote.exit", 3), ("B.exit", 3)
    assert told(*again) == [("A.exit", "$.q", 1, 2)]
    assert told(*again, ("C.exit", 4)) == [("A.exit", "$.q", 1, 2), ("C.exit", "$.q", 3, 4)]


def test_that_exit_itself_is_compared_with_the_one_before() -> None:
    assert told(("Quote.exit", 1), ("Quote.enter", 1), ("Quote.exit", 2)) == [("Quote.exit", "$.q", 1, 2)]


def test_a_failed_step_freezes_and_ends_all_the_same() -> None:
    assert told(("Quote.exit", 1), ("A.exit", 2), status="error") == [("A.exit", "$.q", 1, 2)]
    assert told(("Quote.exit", 1), ("Send.exit", 1), ("A.exit", 2), status="error") == []


@pytest.mark.parametrize(
    ("before", "after", "told_of"),
    [
        (1, ..., ("$.q", 1, None)),
        (..., 1, ("$.q", None, 1)),
        (1, None, ("$.q", 1, None)),
        (None, ..., ("$.q", None, None)),
        ({"a": 1}, {"a": 2}, ("$.q", {"a": 1}, {"a": 2})),
        ({"a": 1}, "x", ("$.q", {"a": 1}, "x")),
        ([1], [1, 2], ("$.q[1]", None, 2)),
        ([1, 2], [2, 1], ("$.q", [1, 2], [2, 1])),
        ("fp:1", "fp:2", ("$.q", "fp:1", "fp:2")),
    ],
)
def test_what_differs(before: Any, after: Any, told_of: Any) -> None:
    assert told(("Quote.exit", before), ("A.exit", after)) == [("A.exit", *told_of)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, 1.0),
        ("fp:1", "x"),
        ("x", "fp:1"),
        ({"a": 1}, "fp:1"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_what_does_not(before: Any, after: Any) -> None:
    assert told(("Quote.exit", before), ("A.exit", after)) == []


def test_what_a_partial_snapshot_lacks_proves_nothing() -> None:
    partial = event("A.exit", {}, at=2, partial=True)
    froze, late = event("Quote.exit", {"q": 1}, at=1), event("B.exit", {"q": 2}, at=3)
    assert ruled("frozen-field-changed", [froze, partial], FROZEN) == []
    assert ruled("frozen-field-changed", [froze, partial, late], FROZEN) == [("B.exit", "$.q", 1, 2)]
    first = event("Quote.exit", {}, at=1, partial=True)
    assert ruled("frozen-field-changed", [first, late], FROZEN) == []


def test_what_is_beside_the_path_may_change() -> None:
    before, after = {"a": {"r": 1, "n": 1}, "b": {"r": 2}}, {"a": {"r": 1, "n": 2}, "b": {"r": 3, "n": 1}}
    body = "frozen: [{path: '$.q[*].r', from: Quote, until: Send}]"
    assert told(("Quote.exit", before), ("A.exit", after), body=body) == [("A.exit", "$.q.b.r", 2, 3)]


def test_each_promise_of_the_map_is_kept_on_its_own() -> None:
    body = "frozen: [{path: $.q.a, from: Quote, until: Send}, {path: $.q.b, from: Mid, until: Send}]"
    got = told(("Quote.exit", {"a": 1, "b": 1}), ("A.exit", {"a": 2, "b": 2}), ("Mid.exit", {"a": 2, "b": 2}),
               ("B.exit", {"a": 2, "b": 3}), body=body)  # fmt: skip
    assert got == [("A.exit", "$.q.a", 1, 2), ("B.exit", "$.q.b", 2, 3)]


def test_a_line_knows_what_was_frozen_before_its_fork_and_by_no_sibling() -> None:
    froze = event("Quote.exit", {"q": 1}, at=1)
    a, b = (event("A.exit", {"q": 2}, at=2, branch=one) for one in ("a", "b"))
    got = found("frozen-field-changed", [froze, a, b], FROZEN)
    assert [one.branch for one in got] == ["a"], "a change is told once"
    assert rows(got) == [("A.exit", "$.q", 1, 2)]
    own = event("Quote.exit", {"q": 1}, at=1, branch="a")
    assert ruled("frozen-field-changed", [own, b], FROZEN) == []


def test_a_retry_is_compared_with_what_came_before_the_step() -> None:
    events = [
        event("Quote.exit", {"q": 1}, at=1),
        event("Send.enter", {"q": 1}, at=2),
        event("Send.exit", {"q": 1}, at=3, status="error"),
        event("Send.enter", {"q": 2}, at=4, attempt=2),
    ]
    assert ruled("frozen-field-changed", events, FROZEN) == [("Send.enter", "$.q", 1, 2)]


def test_it_is_silent_without_frozen_in_the_map() -> None:
    assert told(("Quote.exit", 1), ("A.exit", 2), body="") == []
