"""Which shared resources a pattern allows, and when a step touched another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.anomaly import Anomaly
from monitor.detection.event import Access
from monitor.detection.history import judge_all
from monitor.detection.resources import Names, is_allowed
from monitor.detection.rules.undeclared_resource import UndeclaredResource
from tests.detection.samples import event, maps_of

OWN = Names(run_id=("r-1",), session=("s-1", "s-0"), tenant=("fp:1234",))


@pytest.mark.parametrize(
    ("pattern", "resource"),
    [
        ("redis:shared", "redis:shared"),
        ("redis:*", "redis:"),
        ("redis:*", "redis:a:b"),
        ("*", ""),
        ("*:b:*", "a:b:c:b:d"),
        ("redis:cart:{session}", "redis:cart:s-1"),
        ("redis:cart:{session}", "redis:cart:s-0"),
        ("job:{run_id}:{session}:*", "job:r-1:s-0:x"),
        ("db:{execution_id}", "db:whatever"),
        ("db:{tenant}:x", "db:t-1:x"),
        ("db:{nobody}", "db:{nobody}"),
    ],
)
def test_a_pattern_allows_what_it_says(pattern: str, resource: str) -> None:
    assert is_allowed(resource, (pattern,), OWN)


@pytest.mark.parametrize(
    ("pattern", "resource"),
    [
        ("redis:shared", "redis:shared2"),
        ("redis:shared", "Redis:shared"),
        ("redis:*:x", "redis:x"),
        ("ab*ba", "aba"),
        ("a*b*b", "ab"),
        ("redis:cart:{session}", "redis:cart:s-2"),
        ("redis:cart:{session}", "redis:cart:s-1x"),
        ("db:{execution_id}", "dc:whatever"),
        ("db:{nobody}", "db:x"),
    ],
)
def test_a_pattern_allows_nothing_else(pattern: str, resource: str) -> None:
    assert not is_allowed(resource, (pattern,), OWN)


def test_what_a_placeholder_stands_for_is_no_pattern_itself() -> None:
    names = Names(run_id=("*",), session=("{tenant}",), tenant=("t-1",))
    assert is_allowed("a:*:{tenant}", ("a:{run_id}:{session}",), names)
    assert not is_allowed("a:x:{tenant}", ("a:{run_id}:{session}",), names)
    assert not is_allowed("a:*:t-1", ("a:{run_id}:{session}",), names)


def test_an_empty_list_of_patterns_allows_nothing() -> None:
    assert not is_allowed("redis:x", (), OWN)


@given(st.lists(st.text("ab:", max_size=4), min_size=1, max_size=5), st.data())
def test_stars_match_whatever_stands_in_their_place(parts: list[str], data: st.DataObject) -> None:
    filling = [data.draw(st.text("ab:", max_size=4)) for _ in parts[1:]]
    text = parts[0] + "".join(f + part for f, part in zip(filling, parts[1:], strict=True))
    assert is_allowed(text, ("*".join(parts),), Names())


def touched(
    *keys: str, resources: str = "['redis:cart:{session}']", **fields: object
) -> list[tuple[str, object, object]]:
    """What the rule says of a step that touched these keys."""
    maps = maps_of([f"version: 1\nworkflow: checkout\nsteps: {{Load: {{resources: {resources}}}, Free: {{}}}}\n"])
    accesses = tuple(Access("redis", "read", key) for key in keys)
    parent = event("Go.enter", {}, at=0, run_id="p-1", workflow="other", session="s-0")
    found = judge_all(
        [parent, event("Load.exit", {}, at=1, accesses=accesses, **fields)], maps, (UndeclaredResource(),)
    )
    return [_row(one) for one in found]


def _row(one: Anomaly) -> tuple[str, object, object]:
    return one.path, one.expected, one.observed


def test_an_event_fires_once_for_the_first_resource_that_is_not_declared() -> None:
    found = touched("cart:s-1", "cart:current", "cart:other", session="s-1")
    assert found == [("$", ["redis:cart:{session}"], "redis:cart:current")]


def test_no_patterns_at_all_allow_nothing() -> None:
    assert touched("x", resources="[]") == [("$", [], "redis:x")]


def test_a_session_that_nobody_named_may_be_any() -> None:
    assert touched("cart:s-9") == []


def test_what_an_ancestor_asserted_is_the_childs_own() -> None:
    assert touched("cart:s-0", session="s-1") != []
    assert touched("cart:s-0", "cart:s-1", session="s-1", parent_run_id="p-1") == []


def test_a_step_that_lists_no_resources_is_not_judged() -> None:
    maps = maps_of(["version: 1\nworkflow: checkout\nsteps: {Load: {resources: []}, Free: {}}\n"])
    free = event("Free.exit", {}, accesses=(Access("redis", "write", "x"),))
    assert judge_all([free], maps, (UndeclaredResource(),)) == ()
