"""What a run is seen to hold: places, identity fields, private paths, and what is too much to read."""

from __future__ import annotations

from typing import Any

from monitor.detection.maps import parse_map
from monitor.detection.people.leaves import MAX_ELEMENTS, MAX_MEMBERS, LeafReader
from monitor.detection.people.seen import SeenRun
from tests.detection.people_worlds import runs_of
from tests.detection.samples import event


def seen(*contexts: dict[str, Any], yaml: str = "", **fields: Any) -> SeenRun:
    """One run as it is seen, with an event a second for each context."""
    fields.setdefault("session", "s-1")
    events = [event(f"S{n}.exit", context, at=n, **fields) for n, context in enumerate(contexts)]
    maps = {"checkout": parse_map(yaml)} if yaml else {}
    (run,) = runs_of(events, maps)
    return LeafReader().read(run, "s-1", lambda: run)


def held(run: SeenRun) -> dict[str, dict[str, int]]:
    """Its values with their first events, by path."""
    return {place.path: texts for place, texts in run.places.items()}


def test_each_value_is_there_from_its_first_event_on() -> None:
    run = seen({"a": {"b": "Bob", "n": 1}}, {"a": {"b": "Bob", "c": ["Eve", {"d": "Max"}]}}, {"a": {"b": "Ann"}})
    assert held(run) == {"$.a.b": {"bob": 0, "ann": 2}, "$.a.c[*]": {"eve": 1}, "$.a.c[*].d": {"max": 1}}


def test_a_value_that_comes_back_is_the_same() -> None:
    run = seen({"a": "Bob"}, {}, {"a": "Bob"}, {"a": ["Bob"]}, {"a": {"x": "Bob"}}, {"a": 5}, {"a": "Bob"})
    assert held(run) == {"$.a": {"bob": 0}, "$.a[*]": {"bob": 3}, "$.a.x": {"bob": 4}}


def test_identity_fields_and_ids_of_the_run_are_nobodys() -> None:
    yaml = "version: 1\nworkflow: checkout\nidentity: {session: [$.sid], ignore: [$.carrier.org_id]}\n"
    context = {
        "sid": "s-9",
        "deep": {"session_id": "s-8", "tenantId": "t-1"},
        "carrier": {"org_id": "ups"},
        "copy": ["r-1", "S-1", "x-1"],
        "parent": "r-0",
    }
    run = seen(context, yaml=yaml, execution_id="x-1", parent_run_id="r-0")
    assert held(run) == {"$.carrier.org_id": {"ups": 0}}


def test_an_identity_value_of_no_kind_is_an_ordinary_one() -> None:
    assert held(seen({"session_id": {"name": "Bob"}})) == {"$.session_id.name": {"bob": 0}}


def test_private_paths_are_known_however_they_are_written() -> None:
    yaml = (
        "version: 1\nworkflow: checkout\n"
        "private: [$.a, $.to, '$.list[0].name', '$.any.*.name', '$..deep', \"$.opt[?@.kind == 'x'].name\"]\n"
    )
    context = {
        "a": {"b": "Bob"},
        "to": ["Ann"],
        "list": [{"name": "Eve"}],
        "any": {"k": {"name": "Max"}},
        "x": {"deep": "Ida"},
        "opt": [{"kind": "x", "name": "Tom"}],
        "free": "Joe",
    }
    run = seen(context, yaml=yaml)
    assert {place.path: place.privacy for place in run.places if place.path != "$.opt[*].kind"} == {
        "$.a.b": "below",
        "$.to[*]": "named",
        "$.list[*].name": "named",
        "$.any.k.name": "named",
        "$.x.deep": "named",
        "$.opt[*].name": "named",
        "$.free": "",
    }


def test_of_what_is_too_wide_only_the_beginning_is_read() -> None:
    wide = {f"k{n:04}": f"name {n}" for n in range(MAX_MEMBERS + 50)}
    run = seen({"m": wide, "l": list(wide.values())}, {"m": {"k0520": "name 520"}})
    assert len(run.places) == MAX_MEMBERS + 2
    assert held(run)["$.m.k0520"] == {"name 520": 1}
    assert len(held(run)["$.l[*]"]) == MAX_ELEMENTS
    assert len(seen(wide).places) == MAX_MEMBERS
    changing = seen(*({"a": f"name {n}"} for n in range(MAX_ELEMENTS + 5)))
    assert len(held(changing)["$.a"]) == MAX_ELEMENTS


def test_states_tell_what_each_event_holds() -> None:
    contexts = {"a": "Bob"}, {"a": "Bob"}, {"a": "Ann", "b": "Bob"}
    run = seen(*contexts)
    states = LeafReader().states(run.load())
    assert [sorted((place.path, text) for place, text in state) for state in states] == [
        [("$.a", "bob")],
        [("$.a", "bob")],
        [("$.a", "ann"), ("$.b", "bob")],
    ]
    assert states[0] is states[1]
