"""foreign-value on small projects made by hand: what proves a value foreign, and what keeps the rule silent.

Source: FOREIGN-VALUE.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from monitor.detection.event import Access, Event
from monitor.detection.people.findings import ForeignLeaf
from tests.detection.people_worlds import judged, shop_map
from tests.detection.samples import event

Context = dict[str, Any]
NAMES = ("ann", "ben", "cleo", "dan", "eva", "fay", "gus", "hal", "ida", "jan", "kim", "leo")


def shop(
    name: str, number: int, *, to: str | None = None, more: Mapping[str, Any] | None = None, **fields: Any
) -> list[Event]:
    """One run of somebody in a session of its own: the login, then the profile that was read for it."""
    run, session = f"run-{number}", fields.pop("session", f"s-{number}")
    shared = {"run_id": run, "session": session, **fields}
    start: Context = {"login": f"{name}@x.org", "customer_no": f"c-{name}", "trace": f"trace-{number}"}
    done = {**start, "to": f"{to or name}@x.org", "phone": f"phone of {to or name}", **(more or {})}
    return [
        event("Load.enter", start, at=number * 10, event_id=f"{run}/1", **shared),
        event("Load.exit", done, at=number * 10 + 1, event_id=f"{run}/2", **shared),
    ]


def ordinary(count: int = 8) -> list[Event]:
    """Runs of different people, each of which holds its own."""
    return [one for number, name in enumerate(NAMES[:count]) for one in shop(name, number)]


def paths(leaves: Iterable[ForeignLeaf]) -> list[tuple[str, str, str]]:
    """Findings as (run id, path, proof)."""
    return [(one.finding.run_id, one.finding.path, one.evidence.proof) for one in leaves]


def test_a_mirror_proves_a_value_foreign_and_its_company_goes_with_it() -> None:
    found = judged([*ordinary(), *shop("kim", 20, to="ben")])
    assert paths(found) == [("run-20", "$.phone", "alongside"), ("run-20", "$.to", "mirror")]
    phone, to = found
    assert (to.finding.observed, to.finding.expected, to.finding.wants) == ("ben@x.org", None, "ben@x.org")
    assert (to.owner, phone.owner) == ("s-1", "s-1")
    assert to.evidence.own is not None
    assert (to.evidence.own.path, to.evidence.own.value) == ("$.login", "kim@x.org")
    assert (to.evidence.own.equal, to.evidence.own.both) == (8, 9)
    assert to.evidence.sentence == "It equals $.login in 8 of 9 runs; here it is another person's"
    assert (to.evidence.owner.run_id, to.evidence.owner.step, to.evidence.owner.path) == (
        "run-1",
        "Load",
        "$.login",
    )
    assert to.evidence.owner.before_seconds == 191
    assert to.evidence.own_paths == ("$.customer_no", "$.login", "$.trace")
    assert to.evidence.owner_paths == ("$.phone", "$.to")
    assert phone.evidence.beside == "$.to"


def test_the_source_is_the_owners_run_and_one_for_the_whole_leak() -> None:
    found = judged([*ordinary(), *shop("kim", 20, to="ben")])
    trails = [one.trail for one in found]
    assert [(one.source.run_id, one.source.path, one.run.run_id) for one in trails if one is not None] == [
        ("run-1", "$.phone", "run-1"),
        ("run-1", "$.login", "run-1"),
    ]


def test_a_key_that_both_runs_used_carried_it() -> None:
    wrote, read = Access("redis", "write", "profile:now"), Access("redis", "read", "profile:now")
    owner = shop("ben", 9, accesses=(wrote,))
    found = judged([*ordinary(1), *ordinary()[4:], *owner, *shop("kim", 20, to="ben", accesses=(read,))])
    assert {one.trail.source.resource for one in found if one.trail is not None} == {"redis:profile:now"}
    assert {one.evidence.carriers for one in found} == {("redis:profile:now",)}


def test_a_victim_that_comes_before_the_owner_is_still_the_victim() -> None:
    early = [event("Load.enter", {"login": "ben@x.org", "trace": "t"}, at=195, run_id="own", session="s-own")]
    late = [
        event("Load.exit", {"login": "ben@x.org", "trace": "t", "to": "ben@x.org", "phone": "phone of ben"},
              at=230, run_id="own", session="s-own")
    ]  # fmt: skip
    others = [one for one in ordinary() if one.run_id != "run-1"]
    found = judged([*others, *early, *shop("kim", 20, to="ben"), *late])
    assert paths(found) == [("run-20", "$.phone", "alongside"), ("run-20", "$.to", "mirror")]
    assert {one.owner for one in found} == {"s-own"}
    assert [one.trail is not None and one.trail.source.run_id for one in found] == ["own", "own"]


def test_what_a_session_replaced_by_its_own_was_foreign() -> None:
    events = []
    for number, name in enumerate(NAMES):
        before = {"code": f"code of {NAMES[number - 1]}"} if number in (5, 9) else {}
        shared = {"run_id": f"run-{number}", "session": f"s-{number}"}
        events += [
            event("Pay.enter", {"trace": f"trace-{number}", **before}, at=number * 10, **shared),
            event(
                "Pay.exit", {"trace": f"trace-{number}", "code": f"code of {name}"}, at=number * 10 + 1, **shared
            ),
        ]
    found = judged(events)
    assert paths(found) == [("run-5", "$.code", "replaced"), ("run-9", "$.code", "replaced")]
    assert [one.finding.expected for one in found] == ["code of fay", "code of jan"]
    assert found[0].evidence.unique is not None
    assert (found[0].evidence.unique.sessions, found[0].evidence.unique.unproven) == (12, 0)
    assert found[0].evidence.own is not None
    assert found[0].evidence.own.value == "code of fay"


COUPON = shop_map("$.coupon")


def coupon(number: int, code: str | None, **fields: Any) -> list[Event]:
    """A run that holds a coupon."""
    return shop(NAMES[number % 12], number, more={"coupon": code} if code else {}, **fields)


def test_a_private_value_needs_no_history() -> None:
    found = judged([*coupon(1, "WELCOME-1"), *coupon(2, "WELCOME-1")], COUPON)
    assert paths(found) == [("run-2", "$.coupon", "private")]
    assert found[0].evidence.sentence == "The path is private, and another person held the value first"
    assert judged([*coupon(1, "WELCOME-1"), *coupon(2, "WELCOME-1")]) == []


def test_the_other_victims_are_named() -> None:
    events = [one for number in range(1, 6) for one in coupon(number, "WELCOME-1")]
    found = judged(events, COUPON)
    assert [one.evidence.victim_count for one in found] == [3, 3, 3, 3]
    assert found[0].evidence.victims == ("run-3", "run-4", "run-5")


def test_a_copy_of_a_foreign_value_goes_with_it() -> None:
    one = shop("ann", 1, more={"coupon": "WELCOME-1"})
    other = shop("ben", 2, more={"coupon": "WELCOME-1", "order": {"codes": ["none", " welcome-1 "]}})
    found = judged([*one, *other], COUPON)
    assert paths(found) == [("run-2", "$.coupon", "private"), ("run-2", "$.order.codes[1]", "alongside")]
    assert found[1].finding.observed == " welcome-1 "


def test_an_owner_may_have_held_it_in_another_workflow() -> None:
    first = [
        event(
            "Apply.exit",
            {"coupon": "WELCOME-1", "n": "cart 7"},
            at=1,
            run_id="cart",
            workflow="cart",
            session="s-0",
        )
    ]
    found = judged([*first, *coupon(1, "WELCOME-1"), *coupon(2, None)], COUPON)
    assert paths(found) == [("run-1", "$.coupon", "private")]
    assert found[0].owner == "s-0"


def test_a_returning_customer_is_no_anomaly_even_where_it_is_private() -> None:
    private = shop_map("$.to", "$.phone", "$.login")
    back = [*shop("ann", 30), *shop("ben", 31), *shop("ann", 32)]
    assert judged([*ordinary(), *back], private) == []
    assert judged([*ordinary(), *back]) == []


def test_a_returning_customer_can_be_a_victim() -> None:
    back = [*shop("ann", 30), *shop("ann", 31, to="ben"), *shop("ann", 32)]
    found = judged([*ordinary(), *back])
    assert {one.finding.run_id for one in found} == {"run-31"}
    assert "$.to" in {one.finding.path for one in found}


@pytest.mark.parametrize("shared", ["phone", "street", "landlord"])
def test_what_people_share_with_nothing_to_contradict_it_is_silent(shared: str) -> None:
    events = [
        one
        for number, name in enumerate(NAMES)
        for one in shop(name, number, more={shared: f"{shared} of {min(name, 'dan') if name < 'eva' else name}"})
    ]
    assert judged(events) == []


def test_a_recipient_of_gifts_is_silent_and_so_is_a_payee() -> None:
    events = []
    for number, name in enumerate(NAMES):
        gift = {2: "dan", 5: "outsider", 7: "stranger", 9: "ann"}.get(number, name)
        more = {"ship_to": f"{gift}@x.org", "payee": f"{NAMES[number - 3]}@x.org"}
        events += shop(name, number, more=more)
    assert judged(events) == []


def test_what_an_ancestor_held_is_the_childs_by_right() -> None:
    parent = event("Batch.exit", {"list": ["ben@x.org", "ann@x.org"], "coupon": "WELCOME-1"}, at=0, run_id="batch",
                   workflow="batch", session="s-batch")  # fmt: skip
    child = shop("kim", 20, to="ben", more={"coupon": "WELCOME-1"}, parent_run_id="batch")
    assert judged([parent, *ordinary(), *child], COUPON) == []
    assert paths(judged([parent, *ordinary(), *shop("kim", 21, more={"coupon": "WELCOME-1"})], COUPON)) == [
        ("run-21", "$.coupon", "private")
    ]


def test_a_child_without_a_session_acts_for_its_parents() -> None:
    parent = shop("ann", 1)[0]
    child = event("Sub.exit", {"coupon": "WELCOME-1"}, at=12, run_id="child", parent_run_id="run-1")
    found = judged([parent, child, *coupon(2, "WELCOME-1")], COUPON)
    assert [(one.finding.run_id, one.owner) for one in found] == [("run-2", "s-1")]


def test_a_run_without_a_session_is_neither_judged_nor_an_owner() -> None:
    nobody = event("Report.exit", {"coupon": "WELCOME-1", "t": "trace"}, at=0, run_id="report")
    assert judged([nobody, *coupon(1, "WELCOME-1")], COUPON) == []
    late = event("Report.exit", {"coupon": "WELCOME-1", "t": "trace"}, at=99, run_id="report")
    assert judged([late, *coupon(1, "WELCOME-1")], COUPON) == []


def test_a_context_that_is_foreign_as_a_whole_is_no_mix() -> None:
    mixed = event("A.exit", {"coupon": "WELCOME-1", "own": "mine alone"}, at=90, run_id="r", session="s")
    whole = event("A.exit", {"coupon": "WELCOME-1"}, at=91, run_id="r", session="s")
    found = judged([*coupon(1, "WELCOME-1"), mixed, whole], COUPON)
    assert [one.finding.event_id for one in found] == [mixed.event_id]


def test_fingerprints_compare_with_fingerprints_alone() -> None:
    events = []
    for number, name in enumerate(NAMES[:8]):
        shared = {"run_id": f"run-{number}", "session": f"s-{number}", "at": number * 10}
        events.append(event("L.exit", {"login": f"fp:{name}", "to": f"fp:{name}", "t": f"fp:t{number}"}, **shared))
    leak = event(
        "L.exit", {"login": "fp:kim", "to": "fp:ben", "t": "fp:t20"}, at=200, run_id="run-20", session="s-20"
    )
    half = event(
        "L.exit", {"login": "kim", "to": "fp:ben", "t": "fp:t21"}, at=210, run_id="run-21", session="s-21"
    )
    assert paths(judged([*events, leak, half])) == [("run-20", "$.to", "mirror")]


def test_vocabulary_within_a_private_object_is_nobodys() -> None:
    maps = shop_map("$.customer")
    events = []
    for number in range(4):
        customer = {"tier": "gold", "mail": f"m{number % 3}@x.org"}
        events += shop(NAMES[number], number, more={"customer": customer})
    assert paths(judged(events, maps)) == [("run-3", "$.customer.mail", "private")]


def test_the_evidence_is_plain_json() -> None:
    found = judged([*ordinary(), *shop("kim", 20, to="ben")])
    plain = found[0].evidence.as_json()
    assert plain["proof"] == "alongside"
    assert plain["owner"]["occurred_at"] == "2026-11-20T10:00:11+00:00"
    assert plain["own_paths"] == ["$.customer_no", "$.login", "$.trace"]
    assert plain["sentence"] == "It stands beside $.to, which is proven to be the same person's"


def test_nothing_comes_of_nothing() -> None:
    assert judged([]) == []
    assert judged([event("A.exit", {}, session="s-1")]) == []
