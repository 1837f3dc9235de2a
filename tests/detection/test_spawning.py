"""Which execution of which step spawned a child run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from monitor.detection.event import Event
from monitor.detection.executions import executions_of
from monitor.detection.identity import Kin
from monitor.detection.maps import parse_map
from monitor.detection.runs import Run, runs_behind
from monitor.detection.spawning import spawning_execution
from tests.detection.samples import event

RETURNS = "version: 1\nworkflow: checkout\nchildren: {pay: {returns: [$.charge.code]}}\nsteps:\n"
TEXT = RETURNS + "  Charge: {writes: [$.charge]}\n  Other: {writes: [$.other]}\n"
AMBIGUOUS = RETURNS + "  Charge: {writes: [$.charge]}\n  Other: {writes: ['$.*']}\n"
NOTHING_BACK = TEXT.replace("$.charge.code", "")


def at(moments: str, **fields: object) -> list[Event]:
    """Events of a parent from `second Step.phase` pairs, separated by commas."""
    pairs = [one.split() for one in moments.split(",")]
    return [event(moment, {}, at=float(second), **fields) for second, moment in pairs]


def run(events: Sequence[Event], text: str = TEXT) -> Run:
    """The run behind some events."""
    return runs_behind(events, context_map=parse_map(text), kin=Kin())[0]


def spawned_by(parent: Run, second: float, parent_step: str | None = None) -> str | None:
    """When the execution began (or, unseen, ended) that spawned a child beginning at a second."""
    child = run([event("Go.enter", {}, at=second, run_id="c-1", workflow="pay", parent_run_id="r-1",
                       parent_step=parent_step)])  # fmt: skip
    assert parent.context_map is not None
    found = spawning_execution(child, parent, parent.context_map.children["pay"])
    seen = (found.enter or found.exit) if found is not None else None
    return None if seen is None else f"{seen.event.step}.{seen.event.phase} {seen.event.occurred_at.second}"


def test_the_step_that_the_child_names_counts_before_all_else() -> None:
    parent = run(at("1 Other.enter, 2 Charge.enter, 3 Charge.exit, 4 Other.exit"))
    assert spawned_by(parent, 2.5, "Other") == "Other.enter 1"
    assert spawned_by(parent, 2.5, "Nowhere") is None


def test_else_the_one_step_that_declares_what_the_child_returns() -> None:
    parent = run(at("1 Charge.enter, 2 Charge.exit, 3 Other.enter, 5 Other.exit"))
    assert spawned_by(parent, 4) == "Charge.enter 1"


def test_a_declared_step_that_never_ran_is_none() -> None:
    parent = run(at("3 Other.enter, 5 Other.exit"))
    assert spawned_by(parent, 4) == "Other.enter 3"


@pytest.mark.parametrize("text", [AMBIGUOUS, NOTHING_BACK], ids=["two steps", "nothing returned"])
def test_where_no_one_step_declares_it_the_step_at_work_counts(text: str) -> None:
    parent = run(at("1 Charge.enter, 2 Charge.exit, 3 Other.enter, 5 Other.exit, 6 Third.enter"), text)
    assert spawned_by(parent, 4) == "Other.enter 3"
    assert spawned_by(parent, 5) == "Other.enter 3"
    assert spawned_by(parent, 5.5) == "Other.enter 3"
    assert spawned_by(parent, 6) == "Third.enter 6"
    assert spawned_by(parent, 0.5) is None


def test_of_two_steps_at_work_the_one_entered_last_counts() -> None:
    parent = run(at("1 A.enter, 2 B.enter, 3 B.exit, 4 A.exit"), AMBIGUOUS)
    assert spawned_by(parent, 2.5) == "B.enter 2"
    assert spawned_by(parent, 3.5) == "A.enter 1"


def test_of_a_step_that_ran_more_than_once_the_execution_entered_last_counts() -> None:
    parent = run(at("1 Charge.enter, 2 Charge.exit, 4 Charge.enter, 6 Charge.exit"))
    assert spawned_by(parent, 3, "Charge") == "Charge.enter 1"
    assert spawned_by(parent, 5, "Charge") == "Charge.enter 4"


def test_of_a_step_not_entered_by_then_the_first_that_was_not_left_counts() -> None:
    late = run(at("2 Charge.exit, 4 Charge.enter, 6 Charge.exit"))
    assert spawned_by(late, 1, "Charge") == "Charge.exit 2"
    assert spawned_by(late, 3, "Charge") == "Charge.enter 4"


def test_each_attempt_and_each_branch_is_left_by_its_own_exit() -> None:
    moments = at("1 A.enter, 6 A.exit", attempt=1) + at("2 A.enter, 5 A.exit", attempt=2)
    moments += at("3 A.enter, 4 A.exit", branch="a")
    found = [(one.enter, one.exit) for one in executions_of(run(moments).snapshots)]
    spans = [(e.event.occurred_at.second, x.event.occurred_at.second) for e, x in found if e and x]
    assert spans == [(1, 6), (2, 5), (3, 4)]


def test_an_exit_ends_the_latest_execution_not_left_and_may_stand_alone() -> None:
    seen = executions_of(run(at("1 A.exit, 2 A.enter, 3 A.enter, 4 A.exit, 5 A.exit, 6 A.exit")).snapshots)
    spans = [tuple(one and one.event.occurred_at.second for one in (run_.enter, run_.exit)) for run_ in seen]
    assert spans == [(None, 1), (2, 5), (3, 4), (None, 6)]
