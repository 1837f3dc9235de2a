"""dirty-retry: what a retry enters with, and which attempt before it is to blame. Source: RULES.md, Residue."""

from __future__ import annotations

from typing import Any

from monitor.detection.event import Event
from monitor.detection.rounds import MAX_ATTEMPTS
from tests.detection.ruling import found, ruled
from tests.detection.samples import event

Told = tuple[int, str, Any, Any, str | None]
"""The attempt that enters, path, expected and observed, and the id of the source's event."""


def enter(attempt: int, context: Any, at: float, **fields: Any) -> Event:
    """`Hold.enter` of an attempt; its id is `ATTEMPT>`."""
    return event("Hold.enter", context, at=at, attempt=attempt, event_id=f"{attempt}>", **fields)


def left(attempt: int, context: Any, at: float, **fields: Any) -> Event:
    """`Hold.exit` of an attempt; its id is `ATTEMPT<`."""
    return event("Hold.exit", context, at=at, attempt=attempt, event_id=f"{attempt}<", **fields)


def told(*events: Event) -> list[Told]:
    """What the rule says."""
    return [
        (one.attempt, one.path, one.expected, one.observed, one.source.event_id if one.source else None)
        for one in found("dirty-retry", events)
    ]


def test_a_retry_enters_with_what_an_attempt_changed() -> None:
    got = found("dirty-retry", [enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2), enter(2, {"h": 1}, 3)])
    assert [(one.step, one.phase, one.attempt, one.path, one.leak_class) for one in got] == [
        ("Hold", "enter", 2, "$.h", "temporal")
    ]


def test_it_counts_that_the_attempt_changed_the_path_whatever_stands_there_now() -> None:
    assert told(enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2), enter(2, {"h": 7}, 3)) == [(2, "$.h", 0, 7, "1<")]
    assert told(enter(1, {"h": 0}, 1), left(1, {"h": 0}, 2), enter(2, {"h": 7}, 3)) == []
    assert told(enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2), enter(2, {"h": 0}, 3)) == []


def test_an_attempt_without_an_exit_may_have_changed_anything() -> None:
    assert told(enter(1, {"h": 0, "x": 1}, 1), enter(2, {"h": 2}, 3)) == [
        (2, "$.h", 0, 2, "1>"),
        (2, "$.x", 1, None, "1>"),
    ]


def test_an_exit_that_comes_after_the_retry_began_still_says_what_the_attempt_changed() -> None:
    begun = [enter(1, {"h": 0}, 1), enter(2, {"h": 2}, 3)]
    assert told(*begun, left(1, {"h": 0}, 4), left(2, {"h": 2}, 5)) == []
    assert told(*begun, left(1, {"h": 2}, 4), left(2, {"h": 2}, 5)) == [(2, "$.h", 0, 2, "1<")]


def test_an_exit_of_the_next_round_is_none_of_this_one() -> None:
    again = [event("Hold.enter", {"h": 2}, at=4), event("Hold.exit", {"h": 2}, at=5)]
    begun = [enter(1, {"h": 0}, 1), enter(2, {"h": 2}, 3)]
    assert told(*begun, *again) == [(2, "$.h", 0, 2, "1>")]
    resumed = event("Hold.enter", {"h": 2}, at=4, attempt=2)
    assert told(*begun, resumed, left(1, {"h": 0}, 5)) == [(2, "$.h", 0, 2, "1>")]


def test_the_latest_attempt_that_changed_the_path_is_the_source() -> None:
    first = [enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2)]
    clean = [*first, enter(2, {"h": 0}, 3), left(2, {"h": 2}, 4), enter(3, {"h": 2}, 5)]
    assert told(*clean) == [(3, "$.h", 0, 2, "2<")]
    idle = [*first, enter(2, {"h": 1}, 3), left(2, {"h": 1}, 4), enter(3, {"h": 1}, 5)]
    assert told(*idle) == [(2, "$.h", 0, 1, "1<"), (3, "$.h", 0, 1, "1<")]


def test_what_the_first_attempt_left_is_found_however_many_there_are() -> None:
    events = [enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2)]
    count = MAX_ATTEMPTS * 3
    for number in range(2, count):
        events += [enter(number, {"h": 1}, number * 2), left(number, {"h": 1}, number * 2 + 1)]
    assert [row[0] for row in told(*events)] == list(range(2, count))


def test_without_the_enter_of_the_first_attempt_nothing_is_known() -> None:
    assert told(left(1, {"h": 1}, 2), enter(2, {"h": 2}, 3)) == []
    assert told(enter(2, {"h": 1}, 3), left(2, {"h": 2}, 4), enter(3, {"h": 2}, 5)) == []


def test_an_attempt_of_which_only_the_exit_was_seen_is_not_blamed() -> None:
    events = [enter(1, {"h": 0}, 1), left(1, {"h": 0}, 2), left(2, {"h": 1}, 3), enter(3, {"h": 1}, 4)]
    assert told(*events) == []


def test_a_change_above_or_below_the_path_is_a_change_of_it() -> None:
    wider = [enter(1, {"h": {"x": 1}}, 1), left(1, {"h": {"x": 1, "y": 2}}, 2), enter(2, {"h": "gone"}, 3)]
    assert told(*wider) == [(2, "$.h", {"x": 1}, "gone", "1<")]
    part = [enter(1, {"h": {"x": 1, "y": 1}}, 1), left(1, {"h": {"x": 1}}, 2), enter(2, {"h": {"x": 1}}, 3)]
    assert told(*part) == [(2, "$.h.y", 1, None, "1<")]


def test_one_stands_for_a_whole_list() -> None:
    events = [enter(1, {"h": []}, 1), left(1, {"h": ["12A"]}, 2), enter(2, {"h": ["12A"]}, 3)]
    assert told(*events) == [(2, "$.h", [], ["12A"], "1<")]


def test_a_step_that_runs_again_begins_with_its_own_first_attempt() -> None:
    before = [event("Hold.enter", {"h": 0}, at=-2), event("Hold.exit", {"h": 1}, at=-1)]
    assert told(*before, enter(1, {"h": 1}, 1), left(1, {"h": 2}, 2), enter(2, {"h": 1}, 3)) == []
    assert told(*before, enter(1, {"h": 1}, 1), left(1, {"h": 2}, 2), enter(2, {"h": 2}, 3)) == [
        (2, "$.h", 1, 2, "1<")
    ]


def test_what_a_partial_snapshot_lacks_proves_nothing() -> None:
    dirty = [enter(1, {"h": 0, "k": 0}, 1), left(1, {"h": 1, "k": 1}, 2)]
    assert told(*dirty, enter(2, {"h": 1}, 3, partial=True)) == [(2, "$.h", 0, 1, "1<")]
    begun = [enter(1, {"h": 0}, 1, partial=True), left(1, {"h": 1, "k": 1}, 2)]
    assert told(*begun, enter(2, {"h": 1, "k": 1}, 3)) == [(2, "$.h", 0, 1, "1<")]
    ended = [enter(1, {"h": 0, "k": 0}, 1), left(1, {"h": 1}, 2, partial=True)]
    assert told(*ended, enter(2, {"h": 1, "k": 1}, 3)) == [(2, "$.h", 0, 1, "1<")]


def test_what_an_exit_shows_was_in_the_hands_of_its_attempt_even_if_a_partial_enter_does_not_show_it() -> None:
    events = [enter(1, {"k": 0}, 1), left(1, {"k": 0}, 2), enter(2, {}, 3, partial=True), left(2, {"k": 1}, 4)]
    assert told(*events, enter(3, {"k": 1}, 5)) == [(3, "$.k", 0, 1, "2<")]


def test_fingerprints_compare_with_fingerprints_alone() -> None:
    assert told(enter(1, {"h": "a"}, 1), left(1, {"h": "b"}, 2), enter(2, {"h": "fp:1"}, 3)) == []
    assert told(enter(1, {"h": "fp:0"}, 1), left(1, {"h": "fp:1"}, 2), enter(2, {"h": "fp:1"}, 3)) == [
        (2, "$.h", "fp:0", "fp:1", "1<")
    ]


def test_each_branch_and_each_step_has_attempts_of_its_own() -> None:
    first = [enter(1, {"h": 0}, 1, branch="a"), left(1, {"h": 1}, 2, branch="a")]
    assert told(*first, enter(2, {"h": 1}, 3, branch="b")) == []
    assert len(told(*first, enter(2, {"h": 1}, 3, branch="a"))) == 1
    other = event("Pay.enter", {"h": 1}, at=3, attempt=2)
    assert ruled("dirty-retry", [enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2), other]) == []


def test_events_of_other_steps_in_between_change_nothing() -> None:
    between = event("Undo.exit", {"h": 5}, at=2.5)
    events = [enter(1, {"h": 0}, 1), left(1, {"h": 1}, 2), between, enter(2, {"h": 5}, 3)]
    assert told(*events) == [(2, "$.h", 0, 5, "1<")]
