"""The parts of learning: covering paths, patterns of keys, private paths, branches, and text that people get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Access, Event
from monitor.detection.learning.as_yaml import as_yaml
from monitor.detection.learning.checking import checked
from monitor.detection.learning.cover import MAX_NAMES, cover
from monitor.detection.learning.learn import learn
from monitor.detection.learning.patterns import patterns
from monitor.detection.learning.proposal import Line, Proposal, Support
from monitor.detection.maps import parse_map
from tests.detection.samples import event

FEW = Support(min_runs=3)


def learned(events: list[Event], maps: dict[str, ContextMap] | None = None) -> Proposal:
    clean = {one.run_id for one in events}
    return learn(events, workflow="checkout", clean=clean, maps=maps or {}, support=FEW)


def values(proposal: Proposal, place: str) -> list[Any]:
    return [line.value for line in proposal.lines if line.place == place]


@pytest.mark.parametrize(
    ("wanted", "known", "found"),
    [
        ([("a", "b")], [("a", "c")], [("a", "b")]),
        ([("a", "b"), ("a", "c")], [], [("a",)]),
        ([("a", "b", "c"), ("a", "b", "d")], [("a", "e")], [("a", "b")]),
        ([("a",)], [("a", "b")], [("a",)]),
        ([("a", "b")], [("a",)], [("a", "b")]),
        ([], [("a",)], []),
        ([()], [("a",)], [()]),
    ],
)
def test_the_shallowest_paths_cover_what_was_seen_and_nothing_else(
    wanted: list[Any], known: list[Any], found: list[Any]
) -> None:
    assert [one.place for one in cover(wanted, known)] == found


def test_names_that_vary_are_data() -> None:
    many = [("by_id", f"n{n}", "v") for n in range(MAX_NAMES + 1)]
    (one,) = cover(many, [("by_id", "other")])
    assert (one.place, one.varying, len(one.places)) == (("by_id",), True, MAX_NAMES + 1)
    (top,) = cover([(f"n{n}", "v") for n in range(MAX_NAMES + 1)], [])
    assert (top.place, top.varying) == ((), True)


PLACES = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple), max_size=8)


@given(wanted=PLACES, known=PLACES)
def test_all_that_is_wanted_is_covered_and_no_known_place_beside_it(wanted: list[Any], known: list[Any]) -> None:
    found = [one.place for one in cover(wanted, known)]
    for place in wanted:
        assert any(place[: len(one)] == one for one in found)
    for place in known:
        if not any(place[: len(one)] == one for one in wanted):
            assert not any(place[: len(one)] == one for one in found)


def ids(n: int, **more: Any) -> dict[str, Any]:
    return {"run_id": f"r-{n}", "execution_id": None, "session": f"sess:{n}", "tenant": f"t{n % 3}", **more}


def touched(*keys: str) -> dict[str, int]:
    """Patterns of keys with {n} for a run's number."""
    return patterns((key.format(n=n, t=n % 3), ids(n)) for n in range(20) for key in keys)


def test_own_ids_become_placeholders_whatever_is_in_them() -> None:
    assert touched("redis:cart:sess:{n}") == {"redis:cart:{session}": 20}
    assert touched("redis:{t}x:r-{n}:v2") == {"redis:*:{run_id}:v2": 20}
    assert touched("kafka:leads.t{t}.r-{n}") == {"kafka:leads.{tenant}.{run_id}": 20}


def test_what_varies_becomes_a_star_and_what_does_not_stays() -> None:
    assert touched("redis:catalog:v7") == {"redis:catalog:v7": 20}
    assert touched("redis:company:c{n}") == {"redis:company:*": 20}
    assert touched("s3:bucket/2026-11-{n}/a.json") == {"s3:bucket/2026-11-*/a.json": 20}
    assert touched("redis:cart:sess:{n}", "redis:cart:guest") == {
        "redis:cart:guest": 20,
        "redis:cart:{session}": 20,
    }
    assert touched("redis:cart:sess:{n}", "redis:item:c{n}") == {"redis:cart:{session}": 20, "redis:item:*": 20}


def test_an_id_that_is_not_known_stands_in_nobody_s_way() -> None:
    seen = [
        ("redis:cart:s1", ids(1, session="s1")),
        ("redis:cart:s2", ids(2, session="s2")),
        ("redis:cart:s3", ids(3, session=None)),
    ]
    assert patterns(seen) == {"redis:cart:{session}": 3}


def test_keys_that_only_the_word_s_length_tells_apart_make_one_pattern() -> None:
    seen = [
        (f"redis:company:{name}", ids(n))
        for n, name in enumerate(["a", "b-b", "c-c-c", "d_d", "e.e", "f-f-f-f", "g"])
    ]
    assert patterns(seen) == {"redis:company:*": 7}


@given(st.lists(st.text(st.sampled_from("ab1:/-_é"), min_size=1, max_size=12), min_size=1, max_size=12))
def test_every_key_matches_a_pattern(keys: list[str]) -> None:
    import re

    found = patterns((f"redis:{key}", ids(1)) for key in keys)
    for key in keys:
        filled = (
            one.replace("{session}", "sess:1").replace("{run_id}", "r-1").replace("{tenant}", "t1")
            for one in found
        )
        assert any(re.fullmatch(".*".join(map(re.escape, one.split("*"))), f"redis:{key}") for one in filled)
    assert sum(found.values()) == len(keys)


def test_a_step_that_touches_nothing_may_touch_nothing_where_others_are_seen_to() -> None:
    events = []
    for n in range(4):
        access = (Access("redis", "read", f"cart:s-{n}"),)
        who = {"run_id": f"r-{n}", "session": f"s-{n}"}
        events += [
            event("Load.exit", {"n": n}, at=n, accesses=access, **who),
            event("Idle.exit", {"n": n}, at=n + 0.5, **who),
        ]
    proposal = learned(events)
    assert values(proposal, "steps.Load.resources") == ["redis:cart:{session}"]
    assert values(proposal, "steps.Idle.resources") == [None]
    bare = [event("Idle.exit", {}, at=n, run_id=f"r-{n}") for n in range(4)]
    assert values(learned(bare), "steps.Idle.resources") == []


def people(contexts: list[dict[str, Any]]) -> Proposal:
    return learned(
        [event("Load.exit", one, at=n, run_id=f"r-{n}", session=f"s-{n}") for n, one in enumerate(contexts)]
    )


def test_a_path_is_private_where_each_person_has_a_value_of_their_own() -> None:
    contexts = [
        {
            "email": f"p{n}@example.com",
            "id": n + 100,
            "city": "Ghent",
            "price": f"{n}.50",
            "at": f"2026-11-20T10:00:{n:02}Z",
            "ref": f"fp:{n}",
            "lang": ["en", "nl"][n % 2],
            "tags": [f"tag-{n}"],
            "session_id": f"s-{n}",
        }
        for n in range(12)
    ]
    assert values(people(contexts), "private") == ["$.email", "$.id", "$.ref"]
    assert values(people(contexts[:4]), "private") == []


def test_a_returning_customer_keeps_a_path_private_and_a_namesake_does_not() -> None:
    def person(n: int) -> dict[str, Any]:
        return {"email": f"p{n}@example.com", "card": f"card-{n}", "name": f"Name {n}"}

    back = [*(person(n) for n in range(9)), person(3)]
    assert values(people(back), "private") == ["$.card", "$.email", "$.name"]
    namesake = [*(person(n) for n in range(9)), {**person(9), "name": "Name 3"}]
    assert values(people(namesake), "private") == ["$.card", "$.email"]
    gift = [*(person(n) for n in range(9)), {**person(9), "gift": {"to": "P3@example.com "}}]
    assert values(people(gift), "private") == ["$.card", "$.name"]


def branched(n: int, *, join: str = "Join", only: tuple[str, ...] = ("a", "b")) -> list[Event]:
    who = {"run_id": f"r-{n}", "session": f"s-{n}"}
    found = [event("Start.exit", {}, at=n * 10, **who)]
    found += [event(f"Do{name}.exit", {}, at=n * 10 + 1 + at, branch=name, **who) for at, name in enumerate(only)]
    return [
        *found,
        event(f"{join}.enter", {}, at=n * 10 + 8, **who),
        event(f"{join}.exit", {}, at=n * 10 + 9, **who),
    ]


def test_branches_are_learned_with_the_step_that_joins_them() -> None:
    both = [one for n in range(4) for one in branched(n)]
    assert values(learned(both), "parallel") == [{"branches": ["a", "b"], "join": "Join"}]
    some = [*both, *branched(5, only=("a", "c"))]
    assert values(learned(some), "parallel") == [{"branches": ["a", "b", "c"], "join": "Join"}]
    elsewhere = [*both, *branched(5, join="Other")]
    assert values(learned(elsewhere), "parallel") == []
    assert values(learned([one for n in range(4) for one in branched(n, only=("a",))]), "parallel") == []


def test_a_private_path_at_which_the_history_itself_holds_another_s_value_is_taken_out() -> None:
    contexts = [{"email": f"p{n}@example.com", "name": f"Name {n}", "card": f"card-{n}"} for n in range(12)]
    contexts.append({"email": "p3@example.com", "name": "Name 12", "card": "card-12"})
    events = [event("Load.exit", one, at=n, run_id=f"r-{n}", session=f"s-{n}") for n, one in enumerate(contexts)]
    lines = [Line(("private",), "$.email", 12, 12), Line(("inputs",), "card", 12, 12)]
    lines += [Line(("inputs",), name, 12, 12) for name in ("email", "name")]
    ids_of_runs = {one.run_id for one in events}
    kept, removed = checked(lines, events=events, runs=ids_of_runs, workflow="checkout", maps={})
    assert [line.key for line in lines if line not in kept] == ["private:$.email"]
    assert [one.place for one in removed] == ["private"]
    assert (
        "foreign-value would speak in this very history: first in run r-12 at Load.exit, $.email" in removed[0].why
    )


def test_a_proposal_stays_readable_whatever_the_history_holds() -> None:
    contexts = [{"session_id": f"s-{n}", "big": {f"k{k}": f"v{n}-{k}" for k in range(1200)}} for n in range(6)]
    proposal = learned(
        [event("Load.exit", one, at=n, run_id=f"r-{n}", session=f"s-{n}") for n, one in enumerate(contexts)]
    )
    assert [(one.place, one.why[:10]) for one in proposal.left_out] == [("private", "1200 lines")]
    assert values(proposal, "inputs") == ["big", "session_id"]
    steps = [event(f"Step{n}.exit", {"n": 1}, at=n, run_id=f"r-{n % 3}") for n in range(300)]
    steps += [replace(one, event_id=f"in-{one.event_id}", phase="enter", context={}) for one in steps]
    listed = learned(steps).left_out
    assert (len(listed), listed[-1].why) == (101, "200 further parts are not listed here")


def test_hostile_names_and_depths_are_learned_from_like_any_other() -> None:
    deep: dict[str, Any] = {"leaf": 1}
    for n in range(60):
        deep = {f"a.b[{n}]'\"": deep}
    odd = {"": 1, "😀": {"x y": [1, {"z": 2}]}, "line\nend": deep, "session_id": "s"}
    events = []
    for n in range(4):
        events.append(event("In.enter", {"session_id": "s"}, at=n * 2, run_id=f"r-{n}"))
        events.append(event("In.exit", odd, at=n * 2 + 1, run_id=f"r-{n}", final=True))
    proposal = learned(events)
    assert len(values(proposal, "steps.In.writes")) == 3
    parse_map(as_yaml("checkout", proposal.lines, heading=["x\ny"]))
