"""unscoped-key: keys of shared resources that name nobody. Source: RULES.md, Scope."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.anomaly import Anomaly
from monitor.detection.event import Access, Event
from monitor.detection.history import judge_all
from tests.detection.ruling import found, map_text
from tests.detection.samples import event, maps_of

SCOPED = "scoped_keys: true"


def accesses(*keys: str, op: Any = "write", store: str = "redis") -> tuple[Access, ...]:
    """Accesses to these keys."""
    return tuple(Access(store, op, key) for key in keys)


def told(*keys: str, body: str = SCOPED, context: Any = None, op: Any = "write", **fields: Any) -> list[Any]:
    """What the rule says of an event of run `r-1` with such accesses: the resources."""
    fields.setdefault("session", "s-1")
    one = event("Put.exit", context or {}, accesses=accesses(*keys, op=op), **fields)
    return [anomaly.observed for anomaly in found("unscoped-key", [one], body)]


@pytest.mark.parametrize(
    "key",
    [
        "s-1",
        "cart:s-1",
        "cart/s-1/lines",
        "cart_s-1",
        "s-1.lock",
        "a s-1",
        "x:s-10:s-1",
        "x:s-1-2",
        "cart:r-1",
        "é:s-1",
    ],
)
def test_one_of_the_runs_own_ids_as_a_whole_token_names_it(key: str) -> None:
    assert told(key) == []


@pytest.mark.parametrize(
    "key",
    ["cart", "cart:s-10", "cart:xs-1", "carts-1", "s-1é", "s-12", "cart:S-1", "cart:s_1", "r-10", "", "cart:s-2"],
)
def test_a_part_of_a_longer_word_or_another_id_does_not(key: str) -> None:
    assert told(key) == [f"redis:{key}"]


@pytest.mark.parametrize(
    ("key", "identity"),
    [
        ("t:t-1", {"tenant": "t-1"}),
        ("lock:x-7", {"execution_id": "x-7"}),
        ("cart:42", {"session": "42"}),
        ("user:a", {"session": "a"}),
    ],
)
def test_any_of_its_ids_will_do(key: str, identity: Any) -> None:
    assert told(key, **identity) == []
    assert told(key) == [f"redis:{key}"]


def test_an_id_inside_a_word_or_a_longer_number_does_not() -> None:
    assert told("data", session="a") == ["redis:data"]
    assert told("cart:142", session="42") == ["redis:cart:142"]


def test_ids_that_only_the_context_names_count() -> None:
    assert told("cart:s-5", context={"session_id": "s-5"}, session=None) == []
    assert told("cart:5", context={"session_id": 5}, session=None) == []


def test_only_writes_count_and_of_several_the_first_is_told() -> None:
    assert told("now", op="read") == told("now", op="delete") == []
    assert told("cart:s-1", "now", "later") == ["redis:now"]


def test_each_event_that_writes_is_told() -> None:
    events = [event(f"Put{n}.exit", {}, at=n, session="s-1", accesses=accesses("now")) for n in range(3)]
    got = found("unscoped-key", events, SCOPED)
    assert [(one.step, one.path, one.leak_class) for one in got] == [
        ("Put0", "$", "integrity"),
        ("Put1", "$", "integrity"),
        ("Put2", "$", "integrity"),
    ]


def test_a_run_known_by_fingerprints_alone_may_be_named_by_any_key() -> None:
    assert told("cart:now", session="fp:1") == []


def test_what_an_ancestor_asserted_is_its_own_too() -> None:
    parent = event("Go.enter", {}, run_id="p-1", session="s-0", at=-1)

    def child(key: str) -> list[Any]:
        one = event("Put.exit", {}, parent_run_id="p-1", session="s-1", accesses=accesses(key))
        return [anomaly.observed for anomaly in found("unscoped-key", [parent, one], SCOPED)]

    assert child("cart:s-0") == child("cart:s-1") == []
    assert child("cart:p-1") == ["redis:cart:p-1"]


RESOURCES = SCOPED + "\nsteps: {Load: {resources: ['redis:price:*', 'redis:cart:{session}', 'db:all']}}"


def test_what_a_pattern_without_a_placeholder_names_is_shared_on_purpose() -> None:
    assert told("price:EUR", body=RESOURCES) == []
    assert told("cart:now", body=RESOURCES) == ["redis:cart:now"]
    assert told("all", body=RESOURCES) == ["redis:all"], "another store"


def test_a_placeholder_that_may_be_anything_shares_nothing() -> None:
    assert told("cart:now", body=RESOURCES, session=None) == ["redis:cart:now"]


def leak(
    key: str = "cart:now", *, reads: str = "", op: Any = "read", session: str = "s-2", holds: str = "s-1"
) -> list[Event]:
    """Run r-1 writes a key; run r-2 reads one and then holds a session."""
    shared = {"run_id": "r-2", "session": session}
    return [
        event("Put.exit", {"session_id": "s-1"}, at=0, session="s-1", accesses=accesses(key)),
        event("Get.exit", {}, at=3, accesses=accesses(reads or key, op=op), **shared),
        event("Show.exit", {"session_id": holds}, at=4, **shared),
    ]  # fmt: skip


def unscoped(events: list[Event], body: str = "") -> list[tuple[str, str, Any]]:
    """Run, step and resource of what the whole catalogue says about keys."""
    got = judge_all(events, maps_of([map_text(body)]))
    return [_row(one) for one in got if one.rule == "unscoped-key"]


def _row(one: Anomaly) -> tuple[str, str, Any]:
    return one.run_id, one.step, one.observed


def test_without_the_promise_a_leak_through_the_key_shows_it() -> None:
    assert unscoped(leak()) == [("r-1", "Put", "redis:cart:now")]


def test_every_write_under_that_key_is_told() -> None:
    more = event("Put2.exit", {}, at=1, session="s-1", accesses=accesses("other", "cart:now"))
    assert unscoped([*leak(), more]) == [("r-1", "Put", "redis:cart:now"), ("r-1", "Put2", "redis:cart:now")]


@pytest.mark.parametrize(
    "events",
    [
        leak("cart:s-1"),
        leak(reads="cart:later"),
        leak(op="write"),
        leak(session="s-1"),
        leak(holds="s-2"),
        leak(holds="s-3"),
    ],
    ids=["scoped", "another key", "not read", "one session", "nothing leaked", "from elsewhere"],
)
def test_and_nothing_else_does(events: list[Event]) -> None:
    assert [row for row in unscoped(events) if row[0] == "r-1"] == []


@pytest.mark.parametrize(("session", "is_told"), [("s-1", False), ("s-2", True)])
def test_a_run_of_the_same_session_may_read_the_key(session: str, is_told: bool) -> None:
    reader: Any = {"run_id": "r-2", "session": session}
    events = [
        event("Put.exit", {"execution_id": "x-1"}, at=0, session="s-1", accesses=accesses("now")),
        event("Get.exit", {"execution_id": "x-2"}, at=3, accesses=accesses("now", op="read"), **reader),
        event("Show.exit", {"execution_id": "x-1"}, at=4, **reader),
    ]
    assert (unscoped(events) != []) is is_told


def test_where_the_map_wants_scoped_keys_it_is_told_once() -> None:
    assert unscoped(leak(), SCOPED) == [("r-1", "Put", "redis:cart:now")]
