"""Who is whose parent and child, and that a family is judged alike in whatever order its events come."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.detection.catalogue import CATALOGUE
from monitor.detection.event import Event
from monitor.detection.family import next_of_kin
from monitor.detection.family_rule import FamilyRule, family_findings
from monitor.detection.history import judge_all
from monitor.detection.identity import Identity, Kin, KinRun
from monitor.detection.runs import Run, runs_behind
from tests.detection.samples import BEGIN, event, maps_of, random_streams, trace

MAP = "version: 1\nworkflow: checkout\nchildren: {pay: {requires: [$.order]}, checkout: {requires: [$.order]}}\n"
RULES = tuple(rule for rule in CATALOGUE if isinstance(rule, FamilyRule))
FAMILIES = ["parent-overwritten", "child-overreach", "missing-input", "silent-failure"]


def person(run_id: str, parent: str | None = None, number: int = 0, hours: int = 0) -> KinRun:
    """A run as its relatives see it."""
    return KinRun(run_id, Identity(), Identity(), parent, number, BEGIN.replace(hour=hours))


def begin(run_id: str, parent: str | None, at: float, workflow: str = "pay", **fields: Any) -> Event:
    """The only event of a run."""
    fields.setdefault("event_id", f"{run_id}@{at}")
    return event("Go.exit", {}, at=at, run_id=run_id, workflow=workflow, parent_run_id=parent, **fields)


def missing(events: list[Event]) -> list[tuple[str, int]]:
    """The runs that are judged as children, with their number behind a reused id."""
    return [(one.run_id, one.owner) for one in judge_all(events, maps_of([MAP]), RULES)]


def test_next_of_kin_are_the_parent_and_the_children_alone() -> None:
    me, grandchild = person("b", "a"), person("d", "c")
    kin = Kin((person("a", "z"), person("z")), (person("c", "b"), grandchild))
    assert next_of_kin(me, kin) == Kin((person("a", "z"),), (person("c", "b"),))
    assert next_of_kin(person("a"), Kin()) == Kin()


def test_of_a_reused_parent_id_the_run_that_had_begun_last_is_the_parent() -> None:
    first, second = person("a", number=0, hours=1), person("a", number=1, hours=5)
    assert next_of_kin(person("b", "a", hours=3), Kin((first, second))).ancestors == (first,)
    assert next_of_kin(person("b", "a", hours=7), Kin((first, second))).ancestors == (second,)


def test_a_run_in_the_middle_is_child_and_parent() -> None:
    events = [
        begin("a", None, 1, "checkout"),
        begin("b", "a", 2, "checkout"),
        begin("c", "b", 3),
        begin("d", "unseen", 4),
    ]
    assert missing(events) == [("b", 0), ("c", 0)]


def test_cycles_do_no_harm() -> None:
    assert missing([begin("a", "a", 1, "checkout")]) == []
    assert missing([begin("a", "b", 1, "checkout"), begin("b", "a", 2, "checkout")]) == [("a", 0), ("b", 0)]


def test_each_run_behind_a_reused_id_has_its_own_children() -> None:
    parents = [begin("a", None, 1, "other", session="s-1"), begin("a", None, 5, "checkout", session="s-2")]
    assert missing([*parents, begin("b", "a", 3), begin("c", "a", 7)]) == [("c", 0)]
    children = [begin("b", "a", 3, session="s-1"), begin("b", "a", 7, session="s-2")]
    assert missing([*parents, *children]) == [("b", 1)]


def _run(events: list[Event]) -> Run:
    return runs_behind(events, context_map=maps_of([MAP]).get(events[0].workflow), kin=Kin())[0]


def test_the_entry_point_needs_the_events_of_the_runs_and_nothing_else() -> None:
    parent, child = _run([begin("a", None, 1, "checkout")]), _run([begin("b", "a", 2)])
    found = family_findings(child, parents=[parent], children=[], rules=CATALOGUE)
    assert [(one.rule, one.run_id, one.path) for one in found] == [("missing-input", "b", "$.order")]
    assert family_findings(parent, parents=[], children=[child], rules=CATALOGUE) == ()
    assert family_findings(child, parents=[], children=[], rules=CATALOGUE) == ()


def test_of_findings_with_one_key_the_first_stands() -> None:
    parent, child = _run([begin("a", None, 1, "checkout")]), _run([begin("b", "a", 2)])
    found = family_findings(child, parents=[parent, parent], children=[], rules=CATALOGUE)
    assert len(found) == 1


@pytest.mark.parametrize("rule", FAMILIES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(dice=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_find_the_same(rule: str, dice: random.Random) -> None:
    sample = trace(rule, "leaking")
    events = [*sample.events, *dice.choices(sample.events, k=dice.randint(0, 4))]
    dice.shuffle(events)
    assert judge_all(events, sample.maps) == judge_all(sample.events, sample.maps)


def test_generated_streams_find_the_same_backwards() -> None:
    with_children = (one for one in random_streams() if any(each.children for each in one.maps.values()))
    for sample in islice(with_children, 15):
        events = list({one.event_id: one for one in sample.events}.values())
        assert judge_all(events[::-1], sample.maps, RULES) == judge_all(events, sample.maps, RULES)
