"""What a step changed."""

from __future__ import annotations

import json
from typing import Any

from ingestion.formats.canonical import check_event
from monitor.detection.event import Event
from monitor.queries.changes import MAX_CHANGES, changes_of, differences
from monitor.queries.events import as_event, pack, unpack
from tests.factories import event_dict


def happened(step: str, phase: str, context: dict[str, Any], **fields: Any) -> Event:
    return check_event(json.dumps(event_dict(step=step, phase=phase, context=context, **fields)).encode())


def kinds(before: Any, after: Any) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in differences(before, after)]


def test_leaves_that_differ_and_whole_things_that_come_and_go():
    before = {"a": {"b": 1, "c": [1, 2, 3]}, "gone": {"x": 1}, "same": 1, "t": True}
    after = {"a": {"b": 2, "c": [1, 9]}, "new": [], "same": 1.0, "t": 1}
    assert kinds(before, after) == [
        ("$.a.b", "changed"),
        ("$.a.c[1]", "changed"),
        ("$.a.c[2]", "removed"),
        ("$.gone", "removed"),
        ("$.new", "added"),
        ("$.t", "changed"),
    ]
    assert kinds({"a": []}, {"a": {}}) == [("$.a", "changed")]


def test_an_exit_is_compared_with_its_own_enter():
    found = changes_of(
        [
            happened("A", "enter", {"n": 0}),
            happened("B", "enter", {"n": 0}, branch="b"),
            happened("B", "exit", {"n": 5}, branch="b"),
            happened("A", "exit", {"n": 1}),
            happened("A", "enter", {"n": 1}, attempt=2),
            happened("A", "exit", {"n": 1}, attempt=2),
        ]
    )
    assert [(one.event.step, one.event.attempt, [change.after for change in one.changes]) for one in found] == [
        ("B", 1, [5]),
        ("A", 1, [1]),
        ("A", 2, []),
    ]


def test_without_an_enter_it_is_compared_with_what_came_before():
    first, second, third = changes_of(
        [
            happened("A", "exit", {"n": 0}),
            happened("B", "exit", {"n": 1}),
            happened("C", "exit", {"n": 2}, branch="c"),
        ]
    )
    assert (first.before, first.changes) == (None, ())
    assert second.before is first.event
    assert third.before is second.event


def test_what_a_partial_snapshot_lacks_proves_nothing():
    whole, part = {"a": 1, "b": 1}, {"a": 2}
    (out,) = changes_of([happened("A", "enter", whole), happened("A", "exit", part, partial=True)])
    assert [(one.path, one.kind) for one in out.changes] == [("$.a", "changed")]
    (back,) = changes_of([happened("A", "enter", part, partial=True), happened("A", "exit", whole)])
    assert [(one.path, one.kind) for one in back.changes] == [("$.a", "changed")]


def test_a_flood_of_changes_is_cut_off_and_says_so():
    many = {str(n): n for n in range(MAX_CHANGES + 1)}
    (flood,) = changes_of([happened("A", "enter", {}), happened("A", "exit", many)])
    assert (len(flood.changes), flood.cut_off) == (MAX_CHANGES, True)


def test_a_body_is_packed_and_read_back():
    event = happened(
        "A", "exit", {"é": [1.5, None]}, tenant="t", accesses=[{"store": "s", "op": "read", "key": "k"}]
    )
    assert as_event(pack(event)) == event
    assert unpack(pack(event))["tenant"] == "t"
    assert "branch" not in unpack(pack(event))
    wire = event_dict(occurred_at="2026-11-20T10:00:00+02:00")
    assert as_event(memoryview(pack(wire))).occurred_at.isoformat() == "2026-11-20T08:00:00+00:00"
