"""One run id for several runs: they are told apart, judged apart, and their families are kept apart."""

from __future__ import annotations

import pytest

from monitor.detection.engine import judge_run
from monitor.detection.event import Event
from monitor.detection.facts import RunFacts
from monitor.detection.family import kin_of, kin_runs
from monitor.detection.history import judge_all
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.reuse import Reuse
from tests.detection.samples import event


def asserted(*events: Event) -> list[tuple[str | None, list[str]]]:
    """The runs behind the events' id: what each asserted, and the ids of its events."""
    return [(part.asserted, [one.event_id for one in part.events]) for part in Reuse.of(events).parts]


def test_a_run_id_with_one_asserted_identity_is_one_run() -> None:
    reuse = Reuse.of([event("A.enter", {}, execution_id="x-1", session="s-1"), event("A.exit", {}, at=1)])
    assert (reuse.by, len(reuse.parts)) == (None, 1)


def test_execution_ids_tell_runs_apart_and_silent_events_go_with_the_one_before() -> None:
    events = [
        event("A.enter", {}, at=1, event_id="1"),
        event("A.enter", {}, at=2, event_id="2", execution_id="x-1", session="s-1"),
        event("A.enter", {}, at=3, event_id="3", execution_id="x-2", session="s-1"),
        event("A.exit", {}, at=4, event_id="4"),
    ]
    assert asserted(*events) == [("x-1", ["1", "2"]), ("x-2", ["3", "4"])]


def test_without_two_execution_ids_sessions_do() -> None:
    events = [
        event("A.enter", {}, at=1, event_id="1", execution_id="x-1", session="s-1"),
        event("A.exit", {}, at=2, event_id="2", execution_id="x-1", session="s-2"),
    ]
    assert asserted(*events) == [("s-1", ["1"]), ("s-2", ["2"])]


def test_no_events_are_no_run() -> None:
    with pytest.raises(ValueError, match="without an event"):
        Reuse.of([])


def test_each_run_behind_an_id_has_its_own_findings_even_at_the_same_place() -> None:
    events = [
        event("A.enter", {"session_id": "s-9"}, at=1, execution_id="x-1", session="s-1"),
        event("A.enter", {"session_id": "s-9"}, at=2, execution_id="x-2", session="s-2"),
        event("A.enter", {"session_id": "s-9"}, at=3, execution_id="x-3", session="s-3"),
    ]
    judged = judge_run(events, context_map=None, kin=Kin(), watch=Watch())
    assert [(one.rule, one.owner, one.expected) for one in judged.findings] == [
        ("foreign-session", 0, "s-1"),
        ("foreign-session", 1, "s-2"),
        ("run-id-reused", 1, "x-1"),
        ("foreign-session", 2, "s-3"),
        ("run-id-reused", 2, "x-1"),
    ]
    assert [part.identity.session for part in judged.facts.parts] == ["s-1", "s-2", "s-3"]
    assert [one.number for one in kin_runs("r-1", judged.facts)] == [0, 1, 2]
    assert judged.state == b""


def test_a_child_belongs_to_the_run_that_had_begun_last() -> None:
    parent = [
        event("A.enter", {}, at=1, execution_id="x-1"),
        event("A.enter", {}, at=5, execution_id="x-2"),
    ]
    child = [
        event(
            "C.enter", {"execution_id": "x-0", "p": {"execution_id": "x-1"}}, at=3, run_id="c", parent_run_id="r-1"
        )
    ]
    assert judge_all([*parent, *child], {})[0].rule == "run-id-reused"
    assert [one.rule for one in judge_all([*parent, *child], {})] == ["run-id-reused"]
    late = [
        event(
            "C.enter", {"execution_id": "x-0", "p": {"execution_id": "x-1"}}, at=7, run_id="c", parent_run_id="r-1"
        )
    ]
    assert {one.rule for one in judge_all([*parent, *late], {})} == {"run-id-reused", "execution-id-changed"}


def test_families_reach_up_and_down_and_survive_cycles() -> None:
    def facts(run_id: str, parent: str | None) -> RunFacts:
        one = event("A.enter", {}, run_id=run_id, parent_run_id=parent)
        return judge_run([one], context_map=None, kin=Kin(), watch=None).facts

    parents = {"a": None, "b": "a", "c": "b", "d": "c", "x": "y", "y": "x", "z": "z"}
    all_facts = {run_id: facts(run_id, parent) for run_id, parent in parents.items()}

    def family(run_id: str) -> tuple[list[str], list[str]]:
        named = [parents[run_id]] if parents[run_id] else []
        kin = kin_of(run_id, named, all_facts)
        return [one.run_id for one in kin.ancestors], [one.run_id for one in kin.descendants]

    assert family("c") == (["b", "a"], ["d"])
    assert family("a") == ([], ["b", "c", "d"])
    assert family("x") == (["y"], ["y"])
    assert family("z") == ([], [])
