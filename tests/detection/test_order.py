"""The order of a run's events, and which of two with one id stands. Source: EVENTS.md, "Order"."""

from __future__ import annotations

from monitor.detection.order import has_sequence, in_order, once_each
from tests.detection.samples import event


def test_sequence_decides_where_every_event_has_one() -> None:
    late = event("A.enter", {}, at=9, sequence=1)
    early = event("B.enter", {}, at=1, sequence=2)
    assert in_order([early, late]) == [late, early]
    assert has_sequence([early, late])


def test_time_decides_where_one_event_has_none() -> None:
    late = event("A.enter", {}, at=9, sequence=1)
    early = event("B.enter", {}, at=1)
    assert in_order([late, early]) == [early, late]


def test_ties_go_to_enter_and_then_to_the_smaller_id() -> None:
    leave = event("A.exit", {}, at=1, event_id="a")
    second = event("B.enter", {}, at=1, event_id="c")
    first = event("C.enter", {}, at=1, event_id="b")
    assert in_order([leave, second, first]) == [first, second, leave]


def test_the_first_received_of_one_id_stands() -> None:
    first, second = event("A.enter", {"n": 1}, event_id="a"), event("A.enter", {"n": 2}, event_id="a")
    assert once_each([first, second]) == [first]
