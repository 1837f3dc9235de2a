"""Parallel sections of a run: where they begin and end, what is remembered of them, and in what order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from monitor.detection.branches import groups_of
from monitor.detection.context_map import Parallel
from monitor.detection.event import Event
from monitor.detection.order import in_order
from monitor.detection.section import MAX_EVENTS
from tests.detection.branching import INTERFERENCE, LOST, MAP, found, onwards, run, whole
from tests.detection.samples import event


def test_each_round_of_a_loop_is_a_section_with_a_fork_of_its_own() -> None:
    first = [
        ("S.exit", {"n": 0}),
        ("a:A.enter", {"n": 0}),
        ("a:A.exit", {"n": 1}),
        ("b:B.enter", {"n": 0}),
        ("Join.enter", {"n": 1}),
        ("Join.exit", {"n": 1}),
    ]
    second = [
        ("a:A.enter", {"n": 1}),
        ("a:A.exit", {"n": 2}),
        ("b:B.enter", {"n": 1}),
        ("b:B.exit", {"n": 2, "m": 1}),
        ("Join.enter", {"n": 1, "m": 1}),
    ]
    assert found(*run(*first, *second)) == [(LOST, "Join.enter", None, "$.n", 2, 1, "A")]
    leaky = [*second[:2], ("b:B.enter", {"n": 2})]
    assert found(*run(*first, *leaky)) == [(INTERFERENCE, "B.enter", "b", "$.n", 1, 2, "A")]


def test_what_a_branch_does_after_the_join_is_of_the_next_section() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("a:A.exit", {"x": 1}),
        ("Join.enter", {"x": 1}),
        ("b:B.enter", {"x": 1}),
        ("b:B.exit", {"x": 1, "y": 1}),
        ("Join.exit", {"x": 1}),
    )
    assert found(*events) == [(LOST, "Join.exit", None, "$.y", 1, None, "B")]


def test_an_event_of_a_branch_that_comes_late_counts_where_it_belongs() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("b:B.enter", {"x": 1}),
        ("a:A.exit", {"x": 1}),
        ("Join.enter", {}),
        ("Join.exit", {}),
    )
    without = [*events[:3], *events[4:]]
    assert found(*without) == []
    stored, anew = onwards([*without, events[3]])
    assert anew == 1
    assert {one.rule: one.path for one in stored.values()} == {INTERFERENCE: "$.x", LOST: "$.x"}


def test_a_step_entered_before_the_join_and_left_after_it_wrote_in_the_next_section() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("Join.enter", {}),
        ("a:A.exit", {"x": 1}),
        ("b:B.enter", {"x": 1}),
    )
    assert found(*events) == [(INTERFERENCE, "B.enter", "b", "$.x", None, 1, "A")]


def test_a_run_may_begin_in_a_branch_and_end_without_a_join() -> None:
    events = run(("a:A.enter", {}), ("a:A.exit", {"x": 1}), ("b:B.enter", {"x": 1}))
    assert found(*events) == [(INTERFERENCE, "B.enter", "b", "$.x", None, 1, "A")]


def test_a_branch_that_the_map_does_not_list_is_no_sibling() -> None:
    events = run(("S.exit", {}), ("z:Z.enter", {}), ("z:Z.exit", {"x": 1}), ("b:B.enter", {"x": 1}))
    assert found(*events) == []
    without = MAP.partition("parallel:")[0]
    listed = run(("S.exit", {}), ("a:A.enter", {}), ("a:A.exit", {"x": 1}), ("b:B.enter", {"x": 1}))
    assert found(*listed, text=without) == [], "without parallel both rules are silent"


TWO = """
version: 1
workflow: checkout
parallel:
  - {branches: [a, b], join: First}
  - {branches: [b, c], join: Second}
  - {branches: [d, e], join: First}
"""


def test_sections_with_a_branch_in_common_are_followed_as_one() -> None:
    groups = groups_of((Parallel(("a", "b"), "First"), Parallel(("d",), "First"), Parallel(("b", "c"), "Second")))
    assert [group.branches for group in groups] == [("d",), ("a", "b", "c")]
    assert groups[1].siblings == {"a": {"b"}, "b": {"a", "c"}, "c": {"b"}}
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("a:A.exit", {"x": 1}),
        ("b:B.enter", {"x": 1}),
        ("c:C.enter", {"x": 1}),
        ("d:D.enter", {}),
        ("d:D.exit", {"y": 1}),
        ("First.enter", {}),
    )
    assert found(*events, text=TWO) == [
        (INTERFERENCE, "B.enter", "b", "$.x", None, 1, "A"),
        (LOST, "First.enter", None, "$.x", 1, None, "A"),
        (LOST, "First.enter", None, "$.y", 1, None, "D"),
    ], "a and c are no siblings; one step may join two sections"


def test_the_state_is_bounded_and_lets_go_of_a_section_that_was_joined() -> None:
    def step(number: int, branch: str) -> list[Event]:
        context = {"big": ["x" * 900], "own": {branch: number}}
        moments = (f"A{number}.enter", {"own": {}}), (f"A{number}.exit", context)
        return [
            event(moment, held, at=number + part / 2, branch=branch) for part, (moment, held) in enumerate(moments)
        ]

    events = [event("S.exit", {"own": {}}, at=0)]
    for number in range(1, MAX_EVENTS):
        events += step(number, "ab"[number % 2])
    full = whole(events)
    assert len(full.state) < 400_000
    assert {one.source.step for one in full.findings if one.source} <= {
        f"A{number}" for number in range(MAX_EVENTS)
    }
    joined = whole([*events, event("Join.enter", {}, at=9_000), event("Join.exit", {}, at=9_001)])
    assert LOST not in {one.rule for one in joined.findings}, "what was not remembered may have been taken back"
    assert len(joined.state) < 100_000


def shared_or_not(dice: random.Random) -> list[Event]:
    """A run of a few rounds whose branches work on one object or on copies, with events lost and partial."""
    events: list[Event] = []
    context: dict[str, Any] = {"x": {"p": 1}, "y": [1]}
    moment = 0
    for _ in range(dice.randint(1, 2)):
        names = dice.sample("abc", dice.randint(2, 3))
        own = {name: context if dice.random() < 0.5 else dict(context) for name in names}
        todo = [(name, f"{step}.{phase}") for name in names for step in "AB" for phase in ("enter", "exit")]
        todo.sort(key=lambda _: dice.random())
        for name, what in [*todo, *[(None, "Join.enter")] * dice.randint(0, 2)]:
            moment += 1
            held = own[name] if name is not None else context
            key = dice.choice("xyz")
            held[key] = dice.choice([1, 2, "fp:1", None, {"p": 2}, {"p": 1, "q": []}, [1, 2], [2], {}, []])
            if dice.random() < 0.9:
                shown = {kind: value for kind, value in held.items() if dice.random() < 0.95}
                partial = dice.random() < 0.1
                events.append(event(what, shown, at=moment, branch=name, partial=partial))
    return events


@pytest.mark.parametrize("seed", range(150))
def test_going_on_from_a_state_finds_what_judging_whole_finds(seed: int) -> None:
    dice = random.Random(seed)
    events = shared_or_not(dice)
    judged = {one.key: one for one in whole(events).findings}
    late = in_order(events)
    late.append(late.pop(dice.randrange(len(late))))
    for ordered in (in_order(events), late):
        assert onwards(ordered)[0] == judged
