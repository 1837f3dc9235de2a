"""Where a leaked value came from, and the leak class that follows. Source: RULES.md, "Source"."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.anomaly import Anomaly
from monitor.detection.event import Access, Event
from monitor.detection.history import judge_all
from tests.detection.samples import event, maps_of

KEY = Access("redis", "write", "cart:current")
READ = Access("redis", "read", "cart:current")
CLEAR = "version: 1\nworkflow: checkout\nmust_be_clear: [{path: $.gift, at: run.start}]\n"


def only(events: list[Event], rule: str, run_id: str = "victim", maps: tuple[str, ...] = ()) -> Anomaly:
    """The one anomaly of a rule in a run."""
    (found,) = [one for one in judge_all(events, maps_of(maps)) if (one.rule, one.run_id) == (rule, run_id)]
    return found


def whence(one: Anomaly) -> tuple[Any, ...]:
    """Its class and source, which it must have."""
    source = one.source
    assert source is not None
    return one.leak_class, source.run_id, source.step, source.path, source.resource


def victim(at: float, context: dict[str, Any], **fields: Any) -> Event:
    """An event of the run into which a value leaks, with a session of its own."""
    return event("Load.exit", context, at=at, run_id="victim", session="s-v", **fields)


def holder(run_id: str, at: float, context: dict[str, Any], **fields: Any) -> Event:
    """An event of a run that may be the source."""
    return event("Fill.exit", context, at=at, run_id=run_id, **fields)


LEAK = {"session_id": "s-v", "cart": {"session_id": "s-1", "total": 7}}


def test_nobody_seen_is_unknown() -> None:
    found = only([victim(5, LEAK)], "foreign-session")
    assert (found.leak_class, found.source) == ("unknown", None)


def test_a_finished_run_is_temporal_and_an_overlapping_one_spatial() -> None:
    owner = holder("r-1", 1, {"session_id": "s-1"}, session="s-1")
    assert whence(only([owner, victim(5, LEAK)], "foreign-session")) == (
        "temporal",
        "r-1",
        "Fill",
        "$.session_id",
        None,
    )
    still = event("More.exit", {}, at=5, run_id="r-1")
    assert whence(only([owner, still, victim(5, LEAK)], "foreign-session"))[0] == "spatial"


@pytest.mark.parametrize(("above", "below"), [({"parent_run_id": "r-1"}, {}), ({}, {"parent_run_id": "victim"})])
def test_an_ancestor_and_a_descendant_are_scoping(above: dict[str, str], below: dict[str, str]) -> None:
    owner = holder("r-1", 1, {"session_id": "s-1"}, **below)
    found = only([owner, victim(5, LEAK, **above)], "foreign-session")
    assert found.leak_class == "scoping"


def test_the_key_that_carried_it_comes_before_the_owner() -> None:
    owner = holder("owner", 1, {"session_id": "s-1"}, session="s-1")
    carrier = holder("carrier", 2, {"session_id": "s-c", "seen": {"x": "s-1"}}, session="s-c", accesses=(KEY,))
    found = only([owner, carrier, victim(5, LEAK, accesses=(READ,))], "foreign-session")
    assert whence(found) == ("temporal", "carrier", "Fill", "$.seen.x", "redis:cart:current")


def test_a_read_before_the_write_carries_nothing() -> None:
    early = event("Load.enter", {}, at=0, run_id="victim", session="s-v", accesses=(READ,))
    owner = holder("owner", 1, {"session_id": "s-1"}, session="s-1", accesses=(KEY,))
    found = only([early, owner, victim(5, LEAK)], "foreign-session")
    assert found.source is not None
    assert found.source.resource is None


def test_of_several_writers_the_last_before_the_read_counts() -> None:
    one = holder("r-1", 1, {"session_id": "s-1"}, session="s-1", accesses=(KEY,))
    two = holder("r-2", 2, {"session_id": "s-2", "x": "s-1"}, session="s-2", accesses=(KEY,))
    late = holder("r-3", 9, {"session_id": "s-3", "x": "s-1"}, session="s-3", accesses=(KEY,))
    found = only([one, two, late, victim(5, LEAK, accesses=(READ,))], "foreign-session")
    assert found.source is not None
    assert found.source.run_id == "r-2"


def test_the_owner_comes_before_other_victims() -> None:
    owner = holder("owner", 1, {"session_id": "s-1"}, session="s-1")
    other = holder("other", 2, {"session_id": "s-o", "cart": {"session_id": "s-1", "total": 7}}, session="s-o")
    found = only([owner, other, victim(5, LEAK)], "foreign-session")
    assert whence(found) == ("temporal", "owner", "Fill", "$.session_id", None)


def test_of_two_owners_the_one_with_the_whole_object_and_then_the_latest_to_begin() -> None:
    whole = holder("whole", 1, {"session_id": "s-1", "cart": {"total": 7.0, "session_id": "s-1"}}, session="s-1")
    later = holder("later", 2, {"session_id": "s-1"}, session="s-1")
    latest = holder("latest", 3, {"session_id": "s-1"}, session="s-1")
    assert whence(only([whole, later, victim(5, LEAK)], "foreign-session"))[1] == "whole"
    assert whence(only([later, latest, victim(5, LEAK)], "foreign-session"))[1] == "latest"


def test_an_owner_seen_only_afterwards_is_still_the_source() -> None:
    other = holder("other", 1, {"session_id": "s-o", "x": "s-1"}, session="s-o")
    owner = holder("owner", 7, {"session_id": "s-1"}, session="s-1")
    found = only([other, victim(5, LEAK), owner], "foreign-session")
    assert whence(found) == ("spatial", "owner", "Fill", "$.session_id", None)


def test_the_same_path_is_named_where_it_holds_the_value() -> None:
    context = {"a": "s-1", "cart": {"session_id": "s-1"}}
    owner = holder("owner", 1, context, session="s-1")
    assert whence(only([owner, victim(5, LEAK)], "foreign-session"))[3] == "$.cart.session_id"


def test_residue_comes_from_the_run_of_whose_steps_one_set_it() -> None:
    gift = {"from": "Ann", "n": 1}
    setter = [holder("setter", 1, {}), holder("setter", 2, {"gift": gift})]
    passer = [holder("passer", 3, {"gift": {"n": 1.0, "from": "Ann"}})]
    found = only([*setter, *passer, victim(5, {"gift": gift})], "uncleared-field", maps=(CLEAR,))
    assert whence(found) == ("temporal", "setter", "Fill", "$.gift", None)


def test_residue_that_nobody_held_before_is_temporal_without_a_source() -> None:
    found = only([victim(5, {"gift": True}), holder("r-1", 1, {"gift": 1})], "uncleared-field", maps=(CLEAR,))
    assert (found.leak_class, found.source) == ("temporal", None)


def test_the_sentence_says_whose_it_is_and_how_it_came() -> None:
    owner = holder("r-1", 1, {"session_id": "s-1"}, session="s-1", accesses=(KEY,))
    found = only([owner, victim(42, LEAK, accesses=(READ,))], "foreign-session")
    assert found.message == (
        "Session s-1 stands in run victim, whose own is s-v, at Load.exit ($.cart.session_id); "
        "it came from run r-1, Fill ($.session_id), through redis:cart:current, 41 s before."
    )
    alone = only([victim(42, LEAK)], "foreign-session")
    assert alone.message.endswith("; where it came from has not been seen.")
