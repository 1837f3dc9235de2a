"""What differs between two contexts, and what stands for it. Source: RULES.md, "How often a rule fires"."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.diff import MISSING, Change, at, collapse, leaf_changes, leaf_differs, leaves, member, shown
from monitor.detection.paths import render
from monitor.detection.values import same
from tests.detection.test_values import JSON

OBJECTS = st.dictionaries(st.text("abc", max_size=2), JSON, max_size=4)


def changed(before: Any, after: Any, **sides: bool) -> list[tuple[str, Any, Any]]:
    """The leaves that differ, with MISSING as `...`."""
    return [
        (render(one.location), *(... if value is MISSING else value for value in (one.before, one.after)))
        for one in leaf_changes(before, after, **sides)
    ]


def collapsed(before: Any, after: Any) -> list[str]:
    """The paths by which anomalies name all that differs."""
    places = [one.location for one in leaf_changes(before, after)]
    return [render(one.location) for one in collapse(places, before, after)]


class TestLeaves:
    """What is a leaf, and which of them differ."""

    def test_an_empty_object_or_list_is_a_leaf(self) -> None:
        assert list(leaves({"b": [], "a": {"x": 1, "l": [2, {}]}})) == [
            (("a", "l", 0), 2),
            (("a", "l", 1), {}),
            (("a", "x"), 1),
            (("b",), []),
        ]
        assert list(leaves({})) == [((), {})]

    def test_they_are_found_in_document_order(self) -> None:
        before, after = (
            {"l": list(range(11)), "b": 1, "Z": 1},
            {"l": [*range(2), *range(9)], "b": 2, "Z": 2, "a": 0},
        )
        names = [path for path, *_ in changed(before, after)]
        assert names == ["$.Z", "$.a", "$.b", *(f"$.l[{n}]" for n in range(2, 11))]

    @pytest.mark.parametrize(
        ("before", "after", "differ"),
        [
            (1, 1.0, False),
            (1, 2, True),
            (True, 1, True),
            (0, False, True),
            (None, 0, True),
            (None, MISSING, True),
            ("1", 1, True),
            ("a", "b", True),
            ("fp:1", "fp:2", True),
            ("fp:1", "fp:1", False),
            ("fp:1", "a", False),
            ("a", "fp:1", False),
            (7, "fp:1", False),
            ("fp:1", None, False),
            ("fp:1", {}, False),
            ("fp:1", MISSING, True),
            ({}, [], True),
            (10**400, 10**400, False),
        ],
    )
    def test_when_two_leaves_differ(self, before: Any, after: Any, differ: bool) -> None:
        assert leaf_differs(before, after) is differ
        assert leaf_differs(after, before) is differ

    def test_what_is_missing_is_not_null(self) -> None:
        assert changed({"a": None}, {"b": None}) == [("$.a", None, ...), ("$.b", ..., None)]
        assert changed({"a": {"x": 1}}, {"a": {}}) == [("$.a.x", 1, ...)]

    def test_a_new_object_is_as_many_leaves_as_it_has(self) -> None:
        assert changed({}, {"a": {"x": 1, "y": []}}) == [("$.a.x", ..., 1), ("$.a.y", ..., [])]

    @pytest.mark.parametrize(
        ("before", "after", "found"),
        [
            ({"x": 1}, "s", [("$.a.x", 1, ...), ("$.a", {"x": 1}, "s")]),
            ("s", {"x": 1}, [("$.a.x", ..., 1)]),
            ([1], {"x": 1}, [("$.a[0]", 1, ...), ("$.a.x", ..., 1)]),
            ({}, "s", [("$.a", {}, "s")]),
            ("s", [], [("$.a", "s", [])]),
            ({"x": 1}, "fp:1", []),
            ("fp:1", {"x": 1}, []),
        ],
    )
    def test_a_value_of_another_kind_takes_the_leaves_with_it(self, before: Any, after: Any, found: Any) -> None:
        assert changed({"a": before}, {"a": after}) == found

    def test_a_leaf_that_went_with_its_object_says_so(self) -> None:
        gone, put = leaf_changes({"a": {"x": 1}}, {"a": "s"})
        assert (gone.replaced, put.replaced) == (("a",), None)

    def test_what_a_partial_side_lacks_is_left_out(self) -> None:
        before, after = {"a": 1, "b": 1, "l": [1, 2]}, {"b": 2, "c": 3, "l": [1]}
        assert changed(before, after, losses=False) == [("$.b", 1, 2), ("$.c", ..., 3)]
        assert changed(before, after, gains=False) == [("$.a", 1, ...), ("$.b", 1, 2), ("$.l[1]", 2, ...)]
        assert changed(before, after, gains=False, losses=False) == [("$.b", 1, 2)]

    @given(JSON)
    def test_a_value_does_not_differ_from_itself(self, value: Any) -> None:
        assert leaf_changes(value, copy.deepcopy(value)) == []

    @given(OBJECTS, OBJECTS)
    def test_two_contexts_are_the_same_where_nothing_differs(self, left: Any, right: Any) -> None:
        text = repr(left) + repr(right)
        if "fp:" not in text:
            assert (leaf_changes(left, right) == []) is same(left, right)

    @given(OBJECTS, OBJECTS)
    def test_each_change_shows_what_stands_there(self, left: Any, right: Any) -> None:
        for one in leaf_changes(left, right):
            assert at(left, one.location) in (one.before, MISSING)
            if one.after is not MISSING:
                assert at(right, one.location) is one.after


class TestCollapse:
    """Which path stands for many leaves."""

    @pytest.mark.parametrize(
        ("before", "after", "paths"),
        [
            ({}, {"a": {"x": 1, "y": 2}}, ["$.a"]),
            ({"a": {"x": 1, "y": 2}}, {}, ["$.a"]),
            ({"a": {"x": 1, "y": 2}}, {"a": {"x": 2, "y": 3}}, ["$.a"]),
            ({"a": {"x": 1, "y": 2}}, {"a": {"x": 2, "y": 2}}, ["$.a.x"]),
            ({"a": {"x": 1, "y": 2}}, {"a": {"x": 2, "z": 2}}, ["$.a"]),
            ({"a": {"x": {"k": 1, "m": 1}, "y": 2}}, {"a": {"x": {"k": 2, "m": 2}, "y": 2}}, ["$.a.x"]),
            ({"a": [1, 2]}, {"a": [3, 4]}, ["$.a"]),
            ({"a": [1, 2]}, {"a": [1, 4]}, ["$.a[1]"]),
            ({"a": []}, {"a": [1]}, ["$.a"]),
            ({"a": {"x": 1}}, {"a": "s"}, ["$.a"]),
            ({"a": "s"}, {"a": {"x": 1, "y": 2}}, ["$.a"]),
            ({"a": 1, "b": 1}, {"a": 2, "b": 2}, ["$.a", "$.b"]),
            ({}, {"a": {"x": 1, "y": "fp:1"}}, ["$.a"]),
        ],
    )
    def test_one_path_stands_for_all_leaves_below_it_but_never_the_root(
        self, before: Any, after: Any, paths: list[str]
    ) -> None:
        assert collapsed(before, after) == paths

    def test_a_leaf_that_cannot_be_compared_keeps_its_object_from_standing_for_all(self) -> None:
        assert collapsed({"a": {"x": 1, "y": "fp:1"}}, {"a": {"x": 2, "y": "s"}}) == ["$.a.x"]

    def test_it_carries_the_values_of_both_sides(self) -> None:
        before, after = {"a": {"x": 1}}, {"a": {"x": 2, "y": 3}}
        assert collapse([("a", "x"), ("a", "y")], before, after) == [Change(("a",), {"x": 1}, {"x": 2, "y": 3})]

    def test_places_come_out_in_document_order_and_once(self) -> None:
        before, after = {"l": list(range(12)), "b": 1, "z": 0}, {"l": list(range(1, 13)), "b": 2, "z": 0}
        places = [("l", 10), ("b",), ("l", 2), ("l", 2)]
        assert [one.location for one in collapse(places, before, after)] == [("b",), ("l", 2), ("l", 10)]

    def test_a_place_stands_for_what_is_below_it(self) -> None:
        assert [one.location for one in collapse([("a", "x"), ("a",)], {"a": {"x": 1, "y": 1}}, {})] == [("a",)]

    def test_nothing_is_nothing(self) -> None:
        assert collapse([], {"a": 1}, {}) == []

    @given(OBJECTS, OBJECTS)
    def test_every_change_lies_at_or_below_one_path(self, left: Any, right: Any) -> None:
        places = [one.location for one in leaf_changes(left, right)]
        paths = [one.location for one in collapse(places, left, right)]
        for place in places:
            assert sum(place[: len(path)] == path for path in paths) == 1
        for path in paths:
            assert any(place[: len(path)] == path for place in places)


def test_a_member_is_looked_up_by_name_in_objects_and_by_index_in_lists() -> None:
    assert member({"a": 1}, "a") == member([1], 0) == 1
    for value, part in (({"a": 1}, "b"), ({"0": 1}, 0), ([1], 1), ([1], -1), ([1], "0"), ("text", 0), (None, "a")):
        assert member(value, part) is MISSING
    assert at({"a": [{"b": None}]}, ("a", 0, "b")) is None
    assert at({"a": 1}, ("a", "b")) is MISSING
    assert at({"a": 1}, ()) == {"a": 1}


def test_a_missing_value_is_shown_as_null() -> None:
    assert shown(MISSING) is None
    assert shown(0) == 0
    assert repr(MISSING) == "MISSING"
