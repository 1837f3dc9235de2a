"""accumulating-field: what one iteration of a step leaves for the next. Source: RULES.md, Residue."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.event import Event
from tests.detection.ruling import Row, found, rows, ruled, sources
from tests.detection.samples import event

LIST = "per_iteration: [$.list]"


def events_of(*moments: tuple[str, Any], **fields: Any) -> list[Event]:
    """`>` is an enter of the step `Loop` with a list, `<` an exit, `>2` and `<2` those of attempt 2.

    A list of `...` is not there at all.
    """
    made = []
    for second, (word, value) in enumerate(moments):
        context = {} if value is ... else {"list": value}
        phase = "enter" if word[0] == ">" else "exit"
        made.append(event(f"Loop.{phase}", context, at=second, attempt=int(word[1:] or 1), **fields))
    return made


def told(*moments: tuple[str, Any], body: str = LIST) -> list[Row]:
    """What the rule says."""
    return ruled("accumulating-field", events_of(*moments), body)


def test_the_next_enter_still_holds_what_the_iteration_before_added() -> None:
    got = found("accumulating-field", events_of((">", []), ("<", [1, 2]), (">", [1, 2])), LIST)
    assert rows(got) == [("Loop.enter", "$.list", [], [1, 2])]
    assert sources(got) == [("r-1", "r-1/1/Loop.exit/1/None", "$.list")]
    assert got[0].leak_class == "temporal"


def test_one_element_is_enough_and_the_whole_list_is_shown() -> None:
    assert told((">", ["x"]), ("<", ["x", 1, 2]), (">", ["x", 2])) == [("Loop.enter", "$.list", [], ["x", 2])]


@pytest.mark.parametrize("now", [[], ["x"], ..., None, {}, "1", ["x", "other"], ["x", "x"]])
def test_a_list_that_begins_anew_or_as_it_was_is_silent(now: Any) -> None:
    assert told((">", ["x"]), ("<", ["x", 1]), (">", now)) == []


def test_elements_are_counted_and_compared_as_json() -> None:
    assert told((">", ["x"]), ("<", ["x", "x"]), (">", ["x"])) == []
    assert told((">", ["x"]), ("<", ["x", "x"]), (">", ["x", "x"])) != []
    assert told((">", []), ("<", [{"a": 1, "b": 2}]), (">", [{"b": 2.0, "a": 1}])) != []
    assert told((">", []), ("<", [True]), (">", [1])) == []
    assert told((">", []), ("<", ["fp:1"]), (">", ["fp:1"])) != []


def test_the_order_of_the_elements_does_not_matter() -> None:
    assert told((">", ["x", "y"]), ("<", ["y", "x"]), (">", ["x", "y"])) == []
    assert told((">", ["x"]), ("<", [1, "x"]), (">", ["x", 1])) != []


def test_a_retry_is_the_same_iteration() -> None:
    assert told((">", []), ("<", [1]), (">2", [1])) == []


def test_what_the_last_attempt_added_counts() -> None:
    retried = (">", []), ("<", [1]), (">2", []), ("<2", [2])
    assert told(*retried, (">", [2])) == [("Loop.enter", "$.list", [], [2])]
    assert told(*retried, (">", [1])) == []


def test_only_the_next_enter_counts() -> None:
    assert told((">", []), ("<", [1]), (">", []), ("<", []), (">", [1])) == []
    assert told((">", []), ("<", [1]), (">", ...), ("<", ...), (">", [1])) == []
    assert told((">", []), ("<", [1]), (">", []), (">2", [1])) == []


def test_it_is_told_again_when_the_next_iteration_adds_to_it() -> None:
    again = (">", []), ("<", [1]), (">", [1]), ("<", [1, 2]), (">", [1, 2])
    got = found("accumulating-field", events_of(*again), LIST)
    assert len(got) == 1, "one anomaly stands for both: they show at the same step, phase, attempt and path"
    assert got[0].observed == [1]


def test_without_an_enter_nobody_knows_what_was_added() -> None:
    assert told(("<", [1]), (">", [1])) == []


def test_a_list_that_the_step_made_is_all_its_own() -> None:
    assert told((">", ...), ("<", [1]), (">", [1])) == [("Loop.enter", "$.list", [], [1])]
    assert told((">", "none"), ("<", [1]), (">", [1])) == [("Loop.enter", "$.list", [], [1])]


def test_it_is_the_step_that_added_that_must_be_entered_again() -> None:
    made = events_of((">", []), ("<", [1]))
    other = [event("Send.enter", {"list": [1]}, at=5), event("Send.exit", {"list": [1]}, at=6)]
    assert ruled("accumulating-field", [*made, *other, event("Send.enter", {"list": [1]}, at=7)], LIST) == []
    assert len(ruled("accumulating-field", [*made, *other, event("Loop.enter", {"list": [1]}, at=7)], LIST)) == 1


def test_each_list_that_a_wildcard_matches_is_one_of_its_own() -> None:
    before, after = {"o": {"a": [], "b": []}}, {"o": {"a": [1], "b": []}}
    events = [
        event("Loop.enter", before, at=1),
        event("Loop.exit", after, at=2),
        event("Loop.enter", {"o": {"a": [1], "b": [1]}}, at=3),
    ]
    assert ruled("accumulating-field", events, "per_iteration: ['$.o[*]']") == [("Loop.enter", "$.o.a", [], [1])]


def test_a_branch_and_another_run_have_iterations_of_their_own() -> None:
    made = events_of((">", []), ("<", [1]), branch="a")
    assert ruled("accumulating-field", [*made, event("Loop.enter", {"list": [1]}, at=5, branch="b")], LIST) == []
    assert ruled("accumulating-field", [*made, event("Loop.enter", {"list": [1]}, at=5, run_id="r-2")], LIST) == []
    assert ruled("accumulating-field", [*made, event("Loop.enter", {"list": [1]}, at=5, branch="a")], LIST) != []


def test_it_is_silent_without_per_iteration_in_the_map() -> None:
    assert told((">", []), ("<", [1]), (">", [1]), body="") == []
    assert told((">", {}), ("<", {"x": 1}), (">", {"x": 1})) == [], "what is no list has no elements"
