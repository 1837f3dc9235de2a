"""checkpoint-mismatch: what is loaded against what was saved last. Source: RULES.md, Integrity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.detection.ruling import found, rows, ruled
from tests.detection.samples import event

SAVED = "checkpoints: [{save: Save, load: Load, path: $.s}]"


def told(*moments: tuple[str, Any], body: str = SAVED) -> list[tuple[str, str, Any, Any, str | None]]:
    """Rows with the moment of the source; the value of an event is that of `$.s`, `...` for none."""
    events = [
        event(moment, {} if value is ... else {"s": value}, at=second, event_id=f"{second} {moment}")
        for second, (moment, value) in enumerate(moments)
    ]
    got = found("checkpoint-mismatch", events, body)
    whence = [one.source.event_id.split()[1] if one.source else None for one in got]
    return [(*row, source) for row, source in zip(rows(got), whence, strict=True)]


def test_the_source_is_the_event_after_the_save_that_the_value_comes_from() -> None:
    moments = ("A.exit", 2), ("Save.exit", 1), ("B.enter", 1), ("B.exit", 2), ("Load.exit", 2)
    assert told(*moments) == [("Load.exit", "$.s", 1, 2, "B.exit")]
    assert told(("Save.exit", 1), ("Load.exit", 2)) == [("Load.exit", "$.s", 1, 2, "Load.exit")]


def test_what_the_load_lacks_comes_from_nowhere() -> None:
    assert told(("Save.exit", 1), ("B.exit", 2), ("Load.exit", ...)) == [("Load.exit", "$.s", 1, None, None)]
    assert told(("Save.exit", 1), ("B.exit", None), ("Load.exit", ...)) == [("Load.exit", "$.s", 1, None, None)]
    assert told(("Save.exit", 1), ("B.exit", None), ("Load.exit", None)) == [
        ("Load.exit", "$.s", 1, None, "B.exit")
    ]


def test_it_breaks_a_promise_and_is_no_leak() -> None:
    events = [event("Save.exit", {"s": 1}, at=1), event("Load.exit", {"s": 2}, at=2)]
    got = found("checkpoint-mismatch", events, SAVED)
    assert [(one.leak_class, one.severity) for one in got] == [("integrity", "critical")]


def test_the_latest_save_counts() -> None:
    saves = ("Save.exit", 1), ("Save.enter", 1), ("Save.exit", 2)
    assert told(*saves, ("Load.exit", 2)) == []
    assert told(*saves, ("Load.exit", 1)) == [("Load.exit", "$.s", 2, 1, "Load.exit")]


def test_the_save_of_the_last_attempt_counts() -> None:
    failed = event("Save.exit", {"s": 1}, at=1, status="error")
    events = [
        failed,
        event("Save.enter", {"s": 2}, at=2, attempt=2),
        event("Save.exit", {"s": 2}, at=3, attempt=2),
    ]
    assert ruled("checkpoint-mismatch", [*events, event("Load.exit", {"s": 2}, at=4)], SAVED) == []
    assert len(ruled("checkpoint-mismatch", [*events, event("Load.exit", {"s": 1}, at=4)], SAVED)) == 1


def test_only_exits_save_and_load() -> None:
    assert told(("Save.enter", 1), ("Load.exit", 2)) == []
    assert told(("Save.exit", 1), ("Load.enter", 2)) == []
    assert told(("Load.exit", 2), ("Save.exit", 1)) == []


def test_one_step_may_save_what_the_next_time_it_loads() -> None:
    body = "checkpoints: [{save: Point, load: Point, path: $.s}]"
    moments = ("Point.enter", 0), ("Point.exit", 1), ("Point.enter", 1), ("Point.exit", 2)
    assert told(*moments, body=body) == [("Point.exit", "$.s", 1, 2, "Point.exit")]


@pytest.mark.parametrize(
    ("saved", "loaded", "path"),
    [
        ({"a": 1, "b": 1}, {"a": 1, "b": None}, "$.s.b"),
        ({"a": 1, "b": 1}, {"a": 1}, "$.s.b"),
        ({"a": 1}, {"a": 1, "b": 1}, "$.s.b"),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, "$.s"),
        ([1, 2], [1], "$.s[1]"),
        (True, 1, "$.s"),
    ],
)
def test_where_it_differs(saved: Any, loaded: Any, path: str) -> None:
    assert [row[1] for row in told(("Save.exit", saved), ("Load.exit", loaded))] == [path]


@pytest.mark.parametrize(("saved", "loaded"), [(1, 1.0), ("fp:1", "x"), ("x", "fp:1"), (..., ...), (None, None)])
def test_where_it_does_not(saved: Any, loaded: Any) -> None:
    assert told(("Save.exit", saved), ("Load.exit", loaded)) == []


def test_what_is_outside_of_the_path_may_differ() -> None:
    events = [event("Save.exit", {"s": 1, "x": 1}, at=1), event("Load.exit", {"s": 1, "x": 2}, at=2)]
    assert ruled("checkpoint-mismatch", events, SAVED) == []
    whole = "checkpoints: [{save: Save, load: Load, path: $}]"
    assert ruled("checkpoint-mismatch", events, whole) == [("Load.exit", "$.x", 1, 2)]


def test_what_a_partial_snapshot_lacks_proves_nothing() -> None:
    save, load = {"s": {"a": 1, "b": 1}}, {"s": {"a": 2}}
    events = [event("Save.exit", save, at=1), event("Load.exit", load, at=2, partial=True)]
    assert ruled("checkpoint-mismatch", events, SAVED) == [("Load.exit", "$.s.a", 1, 2)]
    turned = [event("Save.exit", load, at=1, partial=True), event("Load.exit", save, at=2)]
    assert ruled("checkpoint-mismatch", turned, SAVED) == [("Load.exit", "$.s.a", 2, 1)]


def test_a_branch_loads_what_was_saved_on_its_own_line() -> None:
    load = event("Load.exit", {"s": 2}, at=3, branch="b")
    assert ruled("checkpoint-mismatch", [event("Save.exit", {"s": 1}, at=1, branch="a"), load], SAVED) == []
    assert len(ruled("checkpoint-mismatch", [event("Save.exit", {"s": 1}, at=1), load], SAVED)) == 1


def test_two_checkpoints_are_kept_apart() -> None:
    body = "checkpoints: [{save: A, load: LoadA, path: $.s}, {save: B, load: LoadB, path: $.s}]"
    moments = ("A.exit", 1), ("B.exit", 2), ("LoadA.exit", 2), ("LoadB.exit", 2)
    assert told(*moments, body=body) == [("LoadA.exit", "$.s", 1, 2, "B.exit")]


def test_it_is_silent_without_checkpoints_in_the_map() -> None:
    assert told(("Save.exit", 1), ("Load.exit", 2), body="") == []
