"""What is indexed of a run so that another run's leak can be traced to it."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.canary_shapes import Shape, stretches
from monitor.detection.engine import judge_run
from monitor.detection.event import Event
from monitor.detection.holdings import Watch, fingerprint
from monitor.detection.identity import Kin
from tests.detection.samples import event

SECRET = b"of one project"


def held(*events: Event, **watch: Any) -> set[int]:
    """The fingerprints of all that a run held."""
    return set(judge_run(events, context_map=None, kin=Kin(), watch=Watch(SECRET, **watch)).holdings)


def keys(*values: Any) -> set[int]:
    return {fingerprint(value, SECRET) for value in values}


def test_every_value_at_any_depth_is_held() -> None:
    context = {"cart": {"items": [{"sku": "k-1", "qty": 2}], "paid": True}, "n": 1.5}
    item = {"sku": "k-1", "qty": 2}
    expected = keys("k-1", 2, item, [item], context["cart"], True, 1.5, context)
    assert held(event("A.enter", context)) == expected


def test_what_is_empty_is_not_held_but_numbers_are() -> None:
    context = {"a": None, "b": "", "c": [], "d": {}, "e": False, "f": 0}
    assert held(event("A.enter", context)) == keys(0, context)


def test_values_of_every_event_are_held() -> None:
    one, two = {"a": {"x": 1}, "b": "same"}, {"a": {"x": 2}, "b": "same"}
    assert held(event("A.enter", one), event("A.exit", two, at=1)) == keys(
        1, 2, "same", {"x": 1}, {"x": 2}, one, two
    )


@pytest.mark.parametrize(
    ("left", "right"), [(1, 1.0), (7, "7"), ({"a": 1, "b": [1]}, {"b": [1.0], "a": 1}), ("é", "\u00e9")]
)
def test_values_that_may_be_the_same_share_a_fingerprint(left: Any, right: Any) -> None:
    assert fingerprint(left, SECRET) == fingerprint(right, SECRET)


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), ([1, 2], [2, 1]), ({"a": 1}, {"b": 1}), ("a", "A"), ([], {})]
)
def test_other_values_do_not(left: Any, right: Any) -> None:
    assert fingerprint(left, SECRET) != fingerprint(right, SECRET)


def test_a_fingerprint_is_of_no_use_to_another_project() -> None:
    assert fingerprint("s-1", SECRET) != fingerprint("s-1", b"of another")
    assert -(2**63) <= fingerprint("s-1", SECRET) < 2**63


def test_a_canary_that_a_run_is_issued_with_is_held() -> None:
    assert keys("c-1") < held(event("A.enter", {"x": "y"}, attributes={"canary": "c-1"}))


def test_what_looks_like_a_canary_inside_of_a_text_is_held() -> None:
    shapes = (Shape.of("canary-000001"), Shape.of("0123abcd"))
    found = held(event("A.enter", {"note": "you said canary-471100 to 89abcdef!"}), shapes=shapes)
    assert keys("canary-471100", "89abcdef") < found


def test_a_text_is_searched_in_bounds() -> None:
    assert len(list(stretches("x" * 100_000, [Shape("", 20), Shape("x", 5)]))) == 512
    assert list(stretches("short", [Shape("", 20)])) == []
    assert list(stretches("fp:canary-1", [Shape("canary-", 8)])) == ["fp:canary-1"]


def test_an_event_is_read_in_bounds() -> None:
    rows = [{"id": number, "session_id": f"s-{number}"} for number in range(5_000)]
    found = held(event("A.enter", {"rows": rows, "z": "last"}), most=100)
    assert len(found) < 5_000 + 2 * 100 + 2
    assert keys("s-4999") < found, "an identity is always among them"


def test_a_watch_is_named_by_what_it_watches() -> None:
    shapes = Shape("a-", 5), Shape("b-", 5)
    assert Watch(shapes=shapes).digest == Watch(shapes=shapes[::-1]).digest != Watch().digest
    assert Watch(SECRET).digest != Watch(SECRET, most=7).digest != Watch(b"other", most=7).digest
