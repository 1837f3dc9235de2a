"""Which runs had the same input, and which the same output."""

from __future__ import annotations

from typing import Any

from monitor.detection.event import Event
from monitor.detection.likeness import input_digest, output_digest
from monitor.detection.maps import parse_map
from tests.detection.samples import event

MAP = parse_map("version: 1\nworkflow: checkout\nidentity: {session: ['$.who[0]'], ignore: [$.shop.org_id]}\n")


def given(context: dict[str, Any], **fields: Any) -> Event:
    return event("Load.enter", context, **fields)


def test_an_input_is_the_first_context_less_its_identity_fields() -> None:
    one = {"session_id": "s-1", "order": {"tenant_id": "t-1", "items": [1, 2]}}
    other = {"order": {"items": [1, 2.0], "tenant_id": "t-2"}, "session_id": "s-2"}
    assert input_digest(given(one), None) == input_digest(given(other), None)
    other["order"]["items"].append(3)
    assert input_digest(given(one), None) != input_digest(given(other), None)
    assert one == {"session_id": "s-1", "order": {"tenant_id": "t-1", "items": [1, 2]}}, "nothing was changed"


def test_the_map_says_where_else_identity_stands_and_where_it_only_seems_to() -> None:
    one, other = {"who": ["s-1", "x"], "shop": {"org_id": 1}}, {"who": ["s-2", "x"], "shop": {"org_id": 1}}
    assert input_digest(given(one), MAP) == input_digest(given(other), MAP)
    assert input_digest(given(one), None) != input_digest(given(other), None)
    other["who"][1] = "y"
    assert input_digest(given(one), MAP) != input_digest(given(other), MAP)
    other["who"][1], other["shop"]["org_id"] = "x", 2
    assert input_digest(given(one), MAP) != input_digest(given(other), MAP)


def test_an_output_is_what_the_final_context_adds_or_changes() -> None:
    def output(first: dict[str, Any], final: dict[str, Any]) -> bytes | None:
        return output_digest(given(first), given(final), None)

    assert output({"a": 1}, {"a": 1, "b": 2}) == output({"z": [3], "session_id": "s"}, {"z": [3], "b": 2})
    assert output({"a": 1, "c": 0}, {"a": 1, "b": 2}) == output({"a": 1}, {"a": 1, "b": 2}), (
        "removing adds nothing"
    )
    assert output({"a": 1}, {"a": 2}) != output({"a": 1}, {"a": 3})
    assert output({}, {"session_id": "s-1", "b": 2}) == output({}, {"session_id": "s-2", "b": 2})


def test_of_a_partial_snapshot_nothing_is_known() -> None:
    whole, partial = given({"a": 1}), given({"a": 1}, partial=True)
    assert input_digest(partial, None) is None
    assert output_digest(partial, whole, None) is None
    assert output_digest(whole, partial, None) is None


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert input_digest(given({"\ud800": "\udfff"}), None) is not None
