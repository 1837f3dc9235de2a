"""How foreign-value is asked: by runs kept or read again, reused run ids, and contexts that mean harm."""

from __future__ import annotations

import random
from typing import Any

import pytest

from monitor.detection.people.project import foreign_values, session_of
from monitor.detection.people.seen import RunName
from monitor.detection.runs import Run
from tests.detection.people_worlds import Traits, World, judged, runs_of, shop_map, told
from tests.detection.samples import event

WORLD = World.of(3, 24, Traits(leak="cache", people=18))


def test_with_runs_read_again_the_answer_is_the_same() -> None:
    runs = {(run.run_id, run.number): run for run in runs_of(WORLD.events, {})}
    asked: list[RunName] = []

    def again(name: RunName) -> Run:
        asked.append(name)
        return runs[name]

    kept = foreign_values(runs.values())
    read = foreign_values(iter(runs.values()), again=again)
    assert {name: told(leaves) for name, leaves in read.items()} == {
        name: told(leaves) for name, leaves in kept.items()
    }
    assert set(kept) <= set(asked) < set(runs)


def test_findings_come_in_the_order_of_the_run_and_of_the_document() -> None:
    for leaves in foreign_values(runs_of(WORLD.events, {})).values():
        order = [(one.finding.occurred_at, one.finding.location) for one in leaves]
        assert order == sorted(order)


def test_the_runs_behind_one_id_are_judged_each_on_its_own() -> None:
    maps = shop_map("$.coupon")
    first = event("A.exit", {"coupon": "WELCOME-1", "n": "x-ray"}, at=1, run_id="r", session="s-1")
    second = event("A.exit", {"coupon": "WELCOME-1", "n": "yankee"}, at=2, run_id="r", session="s-2")
    (found,) = judged([first, second], maps)
    assert (found.finding.event_id, found.finding.owner, found.owner) == (second.event_id, 1, "s-1")


def test_a_run_acts_for_the_session_of_its_nearest_ancestor() -> None:
    events = [
        event("A.exit", {}, at=1, run_id="top", session="s-1"),
        event("A.exit", {}, at=2, run_id="mid", parent_run_id="top"),
        event("A.exit", {}, at=3, run_id="low", parent_run_id="mid"),
        event("A.exit", {}, at=4, run_id="own", parent_run_id="top", session="s-2"),
        event("A.exit", {}, at=5, run_id="none"),
    ]
    sessions = {run.run_id: session_of(run) for run in runs_of(events, {})}
    assert sessions == {"top": "s-1", "mid": "s-1", "low": "s-1", "own": "s-2", "none": None}


def deep(levels: int) -> Any:
    """A value in so many lists and objects in turn."""
    value: Any = "the bottom"
    for level in range(levels):
        value = [value] if level % 2 else {"a.b['c']": value}
    return value


@pytest.mark.parametrize(
    "context",
    [
        {"deep": deep(62)},
        {f"key {n}": f"value {n}" for n in range(20_000)},
        {"list": [f"value {n}" for n in range(20_000)]},
        {"id": 10**4000, "other_id": -1, "n": 1e300},
        {"half": "\ud800 alone", "\udfff": "a name"},
        {"": "no name", "a.b": "dots", "['x']": "brackets", "*": ["star", ["in", ["star"]]]},
        {"same": ["same"] * 500, "blank": " " * 10_000},
    ],
)
def test_no_context_does_harm(context: dict[str, Any]) -> None:
    events = [
        event("A.exit", {**context, "mark": f"mark of {n // 2}"}, at=n, run_id=f"r-{n}", session=f"s-{n}")
        for n in range(8)
    ]
    found = judged(events, shop_map("$.mark"))
    assert {one.finding.path for one in found} <= {"$.mark"} | {one.finding.path for one in found}
    dice = random.Random(1)
    dice.shuffle(events)
    assert told(judged(events, shop_map("$.mark"))) == told(found)
