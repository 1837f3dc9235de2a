"""Lines of steps: what "earlier" means along branches and attempts. Source: RULES.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from monitor.detection.event import Event
from monitor.detection.lines import MAX_BRANCHES, MAX_NOTES, MAX_OPEN_STEPS, Line, Lines
from monitor.detection.rounds import MAX_ATTEMPTS
from monitor.detection.shelf import Shelf
from monitor.detection.snapshot import Snapshot, snapshots_of
from tests.detection.samples import event

JOINS = {"Join": {"a", "b"}}


def earlier(*moments: str) -> set[str]:
    """What the last event sees of those before it; each leaves a note with its own name.

    A moment is `Step.phase`, with `#attempt` and `@branch` where it has them. The step `Join` joins
    the branches `a` and `b`. Raises AssertionError where a state that was read back says anything else.
    """
    seen, again = _seen(moments, lambda lines: lines), _seen(moments, stored)
    assert seen == again
    return seen


def _seen(moments: Iterable[str], between: Callable[[Lines], Lines]) -> set[str]:
    lines, seen = Lines(), set[str]()
    for number, moment in enumerate(moments):
        lines = between(lines)
        snapshot = taken(moment, number)
        line = lines.follow(snapshot.event, JOINS)
        seen = set(line.earlier(snapshot.event, "seen"))
        line.note(snapshot.event, "seen", {moment: None}, number)
        line.pass_(snapshot)
    return seen


def stored(lines: Lines) -> Lines:
    """The lines as they are read back from a state."""
    shelf = Shelf()
    state = lines.dump(shelf)
    return Lines.load(state, Shelf(shelf.dump()))


def taken(moment: str, number: int, context: Any = None, **fields: Any) -> Snapshot:
    """The snapshot of one event."""
    (snapshot,) = snapshots_of((_event(moment, number, context, **fields),), None)
    return snapshot


def _event(moment: str, number: int, context: Any, **fields: Any) -> Event:
    name, _, branch = moment.partition("@")
    name, _, attempt = name.partition("#")
    return event(name, context or {}, at=number, attempt=int(attempt or 1), branch=branch or None, **fields)


def walked(*moments: str) -> tuple[Line, Event]:
    """The line at the last event, which is entered and not passed; each other one leaves its number."""
    lines = Lines()
    for number, moment in enumerate(moments):
        lines = stored(lines)
        snapshot = taken(moment, number, {"n": number})
        line = lines.follow(snapshot.event, JOINS)
        if number < len(moments) - 1:
            line.pass_(snapshot)
    return line, snapshot.event


def test_a_line_sees_what_came_before() -> None:
    assert earlier("A.enter", "A.exit", "B.enter") == {"A.enter", "A.exit"}


def test_each_attempt_stands_on_its_own() -> None:
    assert earlier("A.enter", "B.enter#1", "B.exit#1", "B.enter#2", "B.exit#2") == {"A.enter", "B.enter#2"}


def test_later_steps_follow_the_last_attempt() -> None:
    assert earlier("A.enter", "B.enter#1", "B.enter#2", "C.enter") == {"A.enter", "B.enter#2"}


def test_a_late_exit_of_an_earlier_attempt_sees_that_attempt() -> None:
    assert earlier("A.enter", "B.enter#1", "B.enter#2", "B.exit#1") == {"A.enter", "B.enter#1"}


def test_a_step_entered_again_with_no_higher_attempt_begins_a_new_round() -> None:
    assert earlier("B.enter", "B.exit", "B.enter", "C.enter") >= {"B.enter", "B.exit"}
    assert "B.exit#2" in earlier("B.enter#1", "B.enter#2", "B.exit#2", "B.enter#1", "B.enter#2")


def test_a_second_exit_belongs_to_an_execution_before() -> None:
    seen = earlier("B.enter", "B.enter", "B.exit", "B.exit", "B.enter#2")
    assert "B.exit" in seen


def test_a_branch_sees_what_came_before_its_fork_and_not_its_sibling() -> None:
    moments = ("A.exit", "B.enter@b", "C.enter@c", "B.exit@b")
    assert earlier(*moments) == {"A.exit", "B.enter@b"}


def test_the_main_line_does_not_see_its_branches() -> None:
    assert earlier("A.exit", "B.enter@b", "C.enter@c", "Join.enter") == {"A.exit"}


def test_a_branch_does_not_see_what_the_main_line_did_after_the_fork() -> None:
    assert earlier("A.exit", "B.enter@b", "M.enter", "B.exit@b") == {"A.exit", "B.enter@b"}


def test_what_is_remembered_is_bounded_and_keeps_what_is_old() -> None:
    steps = [f"S{n}.enter" for n in range(MAX_OPEN_STEPS * 2)]
    assert earlier(*steps, "Last.enter") == set(steps)
    attempts = [f"A.enter#{n}" for n in range(1, MAX_ATTEMPTS * 3)]
    assert earlier(*attempts, "B.enter") == {attempts[-1]}
    branches = [f"B{n}.enter@b{n}" for n in range(MAX_BRANCHES + 1)]
    assert earlier("A.exit", *branches, "B0.exit@b0") == {"A.exit"}


def test_a_branch_that_comes_back_after_its_join_forks_again() -> None:
    before = ("A.exit", "B.enter@a", "B.exit@a", "M.exit")
    assert earlier(*before, "C.enter@a") == {"A.exit", "B.enter@a", "B.exit@a"}
    assert earlier(*before, "Join.enter", "C.enter@a") == {"A.exit", "M.exit", "Join.enter"}
    assert earlier(*before, "Join.enter", "Join.exit", "C.enter@a", "C.exit@a") == {
        "A.exit",
        "M.exit",
        "Join.enter",
        "Join.exit",
        "C.enter@a",
    }


def test_a_branch_that_forks_again_keeps_the_attempts_of_the_main_line_apart() -> None:
    assert earlier("A.enter", "A.exit", "B.enter@a", "Join.enter", "A.enter#2@a") == {"Join.enter"}


def test_a_step_at_work_on_both_lines_is_that_of_the_branch_and_keeps_what_the_main_line_noted() -> None:
    moments = ("B.enter", "B.exit", "B.enter@a", "Join.enter", "B.exit@a")
    assert earlier(*moments) == {"B.enter", "B.exit", "Join.enter"}
    line, left = walked(*moments)
    assert _number(line, left) == 2


def test_a_join_is_for_the_branches_it_names() -> None:
    assert earlier("B.enter@c", "Join.enter", "B.exit@c") == {"B.enter@c"}
    assert earlier("B.enter@a", "Join.enter@c", "B.exit@a") == {"B.enter@a"}, "a branch joins nothing"


def test_a_step_of_the_branch_that_goes_on_over_the_join_knows_its_enter() -> None:
    line, late = walked("A.exit", "B.enter@a", "Join.enter", "B.exit@a")
    entered = line.entered(late)
    assert entered is not None
    assert entered.at(("n",)) == 1


def test_of_one_key_the_latest_note_stands() -> None:
    lines = Lines()
    for number, moment in enumerate(("A.enter", "A.exit", "B.enter")):
        snapshot = taken(moment, number)
        line = lines.follow(snapshot.event, {})
        known = line.earlier(snapshot.event, "it").get("key")
        line.note(snapshot.event, "it", {"key": moment}, number)
        line.pass_(snapshot)
    assert known == (1, "A.exit")
    assert line.earlier(snapshot.event, "other") == {}


def test_notes_are_bounded_and_the_known_ones_are_kept_up_to_date() -> None:
    line, first = Lines().follow(taken("A.enter", 0).event, {}), taken("A.enter", 0).event
    line.note(first, "it", dict.fromkeys(range(MAX_NOTES + 5), "old"), 0)
    line.note(first, "it", {0: "new", -1: "new"}, 1)
    known = line.earlier(first, "it")
    assert (len(known), known[0], -1 in known) == (MAX_NOTES, (1, "new"), False)


def test_what_is_not_noted_for_good_or_in_this_attempt_is_unnoted() -> None:
    lines = Lines()
    first, again = taken("A.enter", 0), taken("A.enter#2", 1)
    line = lines.follow(first.event, {})
    line.note(first.event, "it", {"x": None}, 0)
    assert line.unnoted(first.event, "it", ["x", "y"]) == ["y"]
    line.pass_(first)
    lines.follow(again.event, {})
    assert line.unnoted(again.event, "it", ["x", "y"]) == ["x", "y"]


def test_an_exit_knows_what_its_own_execution_was_entered_with() -> None:
    line, left = walked("B.enter", "B.enter#2", "B.exit")
    assert _number(line, left) == 0
    line, left = walked("B.enter", "B.exit", "B.enter", "C.enter", "B.exit")
    assert _number(line, left) == 2
    line, left = walked("B.enter", "B.exit", "B.exit")
    assert _number(line, left) is None, "it has left already"
    line, left = walked("C.enter", "B.exit")
    assert _number(line, left) is None


def _number(line: Line, left: Event) -> Any:
    entered = line.entered(left)
    return entered.at(("n",)) if entered is not None else None


def test_the_last_whole_snapshot_of_a_line_is_known() -> None:
    lines = Lines()
    for number, partial in enumerate((False, True)):
        snapshot = taken(f"S{number}.exit", number, {"n": number}, partial=partial)
        line = lines.follow(snapshot.event, {})
        line.pass_(snapshot)
    assert line.last is not None
    assert line.last.context == {"n": 0}
    branch = stored(lines).follow(taken("B.enter@a", 5).event, {})
    assert branch.last is not None
    assert branch.last.context == {"n": 0}
