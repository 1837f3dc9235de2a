"""Lines of steps: what "earlier" means along branches and attempts. Source: RULES.md."""

from __future__ import annotations

from monitor.detection.event import Event
from monitor.detection.lines import MAX_ATTEMPTS, MAX_BRANCHES, MAX_OPEN_STEPS, Lines
from tests.detection.samples import event


def earlier(*moments: str) -> set[str]:
    """What the last event sees of those before it; each leaves a note with its own name.

    A moment is `Step.phase`, with `#attempt` and `@branch` where it has them.
    """
    lines, seen = Lines(), set[str]()
    for number, moment in enumerate(moments):
        one = _event(moment, number)
        line = lines.follow(one)
        seen = {str(place[0]) for _, place in line.earlier(one)}
        line.note(one, [("session", (moment,))])
        lines = Lines.load(lines.dump())
    return seen


def _event(moment: str, number: int) -> Event:
    name, _, branch = moment.partition("@")
    name, _, attempt = name.partition("#")
    return event(name, {}, at=number, attempt=int(attempt or 1), branch=branch or None)


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
