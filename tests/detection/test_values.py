"""Equality, emptiness and identity of JSON values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.held import Want, WantedValues
from monitor.detection.values import canonical, differs, identity_text, is_empty, same, value_key

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (False, 0, False),
        (0.0, -0.0, True),
        (None, False, False),
        ("1", 1, False),
        ([1, [True]], [1.0, [True]], True),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, True),
        ({"a": None}, {}, False),
        ({"a": True}, {"a": 1}, False),
        ({}, [], False),
        (10**400, 10**400, True),
        ("\ud800", "\ud800", True),
    ],
)
def test_json_equality_and_its_digest_agree(left: Any, right: Any, equal: bool) -> None:
    assert same(left, right) is equal
    assert (value_key(left) == value_key(right)) is equal


@given(JSON, JSON)
def test_digests_are_equal_exactly_for_equal_values(left: Any, right: Any) -> None:
    assert same(left, left)
    assert same(left, right) == (canonical(left) == canonical(right)) == (value_key(left) == value_key(right))


@pytest.mark.parametrize("value", [None, "", [], {}, 0, 0.0, -0.0, False])
def test_these_are_empty(value: Any) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", ["0", " ", [None], [[]], {"a": None}, 1, True, "fp:"])
def test_these_are_not(value: Any) -> None:
    assert not is_empty(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("s-1", "s-1"),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
        ({}, None),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
    ],
)
def test_an_identity_is_a_text_or_a_number(value: Any, text: str | None) -> None:
    assert identity_text(value) == text


def test_a_fingerprint_and_a_plain_value_never_differ() -> None:
    assert differs("s-1", "s-2")
    assert differs("fp:1", "fp:2")
    assert not differs("s-1", "fp:1")
    assert not differs("s-1", "s-1")


@given(JSON, st.booleans())
def test_a_wanted_value_is_found_where_it_stands(value: Any, as_text: bool) -> None:
    context = {"a": [{"b": value}], "z": {"y": [value, "else"]}}
    want = Want.of(value, as_text=False)
    places = want.places(context)
    assert ("a", 0, "b") in places
    assert ("z", "y", 0) in places
    assert all(same(_at(context, place), value) for place in places)
    if value is not None:
        assert want.key in WantedValues([want]).within(context)


def _at(context: Any, place: tuple[str | int, ...]) -> Any:
    for part in place:
        context = context[part]
    return context


def test_identity_values_are_found_as_text_whatever_their_type() -> None:
    want = Want.of("7", as_text=True)
    context = {"a": 7, "b": "7", "c": 7.0, "d": True, "e": "70"}
    assert want.places(context) == [("a",), ("b",), ("c",)]
    assert WantedValues([want]).within({"a": 7.0}) == {want.key}
    assert WantedValues([want]).within({"a": [True, "70"]}) == set()
