"""What a step changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.values import same
from monitor.queries.difference import SHOWN, difference

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({}, {"a": {"b": 1}}, [("+", "$.a")]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("~", "$.a.b")]),
        ({"a": 1, "b": 2}, {"b": 2}, [("−", "$.a")]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("~", "$.a[1]")]),
        ({"a": [1, 2]}, {"a": [1]}, [("~", "$.a")]),
        ({"a": True}, {"a": 1}, [("~", "$.a")]),
    ],
)
def test_each_change_stands_at_its_path(before: Any, after: Any, said: list[tuple[str, str]]) -> None:
    assert [(each.sign, each.path) for each in difference(before, after).changes] == said


def test_what_is_foreign_in_a_new_object_stands_alone() -> None:
    after = {"cart": {"id": 1, "session_id": "s-1"}}
    found = difference({}, after, foreign=frozenset({"$.cart.session_id"})).changes
    assert [(each.path, each.mark) for each in found] == [("$.cart.id", ""), ("$.cart.session_id", "foreign")]


def test_many_changes_are_counted_and_the_first_shown() -> None:
    found = difference({}, {f"k{n}": n for n in range(SHOWN + 5)})
    assert (len(found.changes), found.total) == (SHOWN, SHOWN + 5)


@given(VALUES, VALUES)
def test_there_is_a_change_exactly_where_the_two_differ(before: Any, after: Any) -> None:
    found = difference({"x": before}, {"x": after})
    assert (found.total == 0) == same(before, after)
