"""One event: the code held against the contract's schema, and what each mistake is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from ingestion.formats.canonical import MAX_EVENT_BYTES, check_all, check_event
from ingestion.formats.faults import EventError
from monitor.detection.event import Access
from tests.factories import event_dict

SCHEMA = json.loads((Path(__file__).parent / "context-event.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker(["date-time"]))

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=201)
odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**70),
    st.sampled_from([1.0, 0.0, -1.0, 1.5, 1e20, "", "enter", "exit", "ok", "error", [], {}]),
    names,
    st.lists(st.none(), max_size=2),
    st.dictionaries(names, names, max_size=2),
)
accesses = st.lists(
    st.dictionaries(
        st.sampled_from(["store", "op", "key", "ttl_seconds", "more"]),
        odd_values | st.sampled_from(["redis", "read", "write", "delete", 0.5]),
        max_size=5,
    ),
    max_size=2,
)
mutations = st.dictionaries(
    st.sampled_from([*SCHEMA["properties"], "colour"]),
    odd_values | accesses | st.just("2026-11-20T10:00:00Z"),
    max_size=3,
)


def accepted(event: Any) -> bool:
    try:
        return check_event(json.dumps(event).encode()) is not None
    except EventError as refusal:
        return not refusal.problem


def holds_nul(event: Any) -> bool:
    """What EVENTS.md refuses though the schema does not."""
    if isinstance(event, dict):
        return any(holds_nul(name) or holds_nul(value) for name, value in event.items())
    return any(map(holds_nul, event)) if isinstance(event, list) else isinstance(event, str) and "\0" in event


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-10_000, 10_000, places=4, allow_nan=False).map(float)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


def matching(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema takes: its every keyword is understood here, or this fails."""
    schema = {
        word: value for word, value in schema.items() if word not in ("default", "title", "$schema", "$defs")
    }
    if "$ref" in schema:
        return matching(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "oneOf" in schema:
        return st.one_of(*map(matching, schema["oneOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    rest = {word: value for word, value in schema.items() if word != "type"}
    return {
        "null": st.none,
        "boolean": st.booleans,
        "integer": lambda *, minimum: st.integers(minimum, 2**80) | st.integers(minimum, 99).map(float),
        "number": lambda *, minimum: st.integers(minimum, 2**80) | st.floats(minimum, allow_infinity=False),
        "string": a_string,
        "array": lambda *, items, maxItems: st.lists(matching(items), max_size=min(maxItems, 3)),
        "object": an_object,
    }[schema["type"]](**rest)


def a_string(*, minLength: int = 0, maxLength: int = 0, **more: str) -> st.SearchStrategy[str]:
    if more == {"format": "date-time"}:
        return st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()).filter(has_whole_minutes)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=minLength, max_size=min(maxLength, 30))


def has_whole_minutes(text: str) -> bool:
    """RFC 3339 has no seconds in an offset, and no year that is not of our era everywhere."""
    return VALIDATOR.format_checker.conforms(text, "date-time") and not text.startswith(("0001", "9999"))


def an_object(
    *,
    required: tuple[str, ...] = (),
    properties: dict[str, Any] | None = None,
    additionalProperties: Any = True,
    maxProperties: int = 3,
) -> st.SearchStrategy[dict[str, Any]]:
    if properties is None:
        inner = json_values if additionalProperties is True else matching(additionalProperties)
        return st.dictionaries(a_string(maxLength=20), inner, max_size=min(maxProperties, 3))
    made = {name: matching(schema) for name, schema in properties.items()}
    return st.fixed_dictionaries(
        {name: made[name] for name in required},
        optional={name: strategy for name, strategy in made.items() if name not in required},
    )


@settings(max_examples=400, deadline=None)
@given(matching(SCHEMA))
def test_takes_what_the_schema_takes(event):
    assert VALIDATOR.is_valid(event)
    assert accepted(event) == (not holds_nul(event)), event


@settings(max_examples=600, deadline=None)
@given(mutations, st.sets(st.sampled_from(sorted(SCHEMA["properties"])), max_size=1))
def test_takes_and_refuses_what_the_schema_does(mutation, gone):
    event = {**event_dict(), "attempt": 1, "sequence": 3, "attributes": {"a": "b"}, **mutation}
    event = {name: value for name, value in event.items() if name not in gone}
    assert accepted(event) == VALIDATOR.is_valid(event), event


def limits() -> list[tuple[dict[str, Any], bool]]:
    """Each limit of EVENTS.md, just kept and just broken."""
    smile = "\N{GRINNING FACE}"
    access = {"store": "s", "op": "read", "key": "k"}
    cases: list[tuple[dict[str, Any], bool]] = []
    for field, most in [
        ("event_id", 128),
        *((name, 200) for name in ("workflow", "run_id", "step", "branch", "tenant")),
    ]:
        cases += [({field: smile * most}, True), ({field: smile * (most + 1)}, False), ({field: ""}, False)]
    cases += [({"accesses": [access] * n}, n <= 100) for n in (0, 100, 101)]
    cases += [({"accesses": [{**access, "key": "k" * n}]}, n <= 1000) for n in (1000, 1001)]
    cases += [({"attributes": {str(n): "" for n in range(most)}}, most <= 50) for most in (50, 51)]
    cases += [({"attributes": {"a": "b" * n}}, n <= 1000) for n in (1000, 1001)]
    return cases


@pytest.mark.parametrize(("fields", "good"), limits())
def test_lengths_are_in_code_points(fields, good):
    event = event_dict(**fields)
    assert VALIDATOR.is_valid(event) is good
    assert accepted(event) is good


def nested(levels: int) -> Any:
    return (
        {}
        if levels == 1
        else {"a": nested(levels - 1)}
        if levels % 2
        else {"a": [nested(levels - 2)]}
        if levels > 2
        else {"a": {}}
    )


def depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


@pytest.mark.parametrize(("levels", "good"), [(63, True), (64, True), (65, False), (66, False)])
def test_a_context_has_at_most_64_levels(levels, good):
    context = nested(levels)
    assert depth(context) == levels
    assert accepted(event_dict(context=context)) is good


def test_a_bottomless_context_is_refused_like_any_other_too_deep():
    raw = json.dumps(event_dict(context={"a": 1})).replace("1}", "[" * 200_000 + "]" * 200_000 + "}").encode()
    with pytest.raises(EventError, match="deeper than 64 levels") as refused:
        check_event(raw)
    assert refused.value.field == "context"


def test_an_event_has_at_most_4_mib():
    empty = len(json.dumps(event_dict(context={"x": ""})).encode())
    assert accepted(event_dict(context={"x": "y" * (MAX_EVENT_BYTES - empty - 10)}))
    assert not accepted(event_dict(context={"x": "y" * (MAX_EVENT_BYTES - empty + 10)}))


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 400 + ".5", "9" * 5000]
)
def test_numbers_are_finite(number):
    raw = json.dumps(event_dict(context={"a": [0]})).replace("[0]", f"[{number}]").encode()
    with pytest.raises(EventError):
        check_event(raw)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ('"context": {"a": "x\\u0000"}', "context"),
        ('"context": {"\\u0000": 1}', "context"),
        ('"context": {"a": [{"b\\u0000": 1}]}', "context"),
        ('"context": {}, "step": "\\u0000"', "step"),
        ('"context": {}, "attributes": {"\\u0000": ""}', "attributes"),
        ('"context": {}, "accesses": [{"store": "s", "op": "read", "key": "\\u0000"}]', "accesses[0].key"),
        ('"context": {"a": "\\ud800"}', "context"),
        ('"context": {"\\udc00\\ud800": 1}', "context"),
    ],
)
def test_no_nul_and_no_half_character_anywhere(raw, field):
    whole = json.dumps(event_dict()).removesuffix("}") + ", " + raw + "}"
    good, bad = check_all([whole.encode()])
    assert good == []
    assert bad[0].field == field
    assert bad[0].event_id is not None


def test_an_escaped_backslash_before_u0000_is_no_nul():
    assert accepted(event_dict(context={"a": "\\u0000"}))


def test_of_repeated_names_the_last_counts():
    raw = (
        json.dumps(event_dict()).removesuffix("}")
        + ', "phase": "both", "phase": "enter", "context": {"a": 1, "a": 2}}'
    )
    event = check_event(raw.encode())
    assert (event.phase, event.context) == ("enter", {"a": 2})


def test_integers_may_be_written_as_decimals_and_be_as_large_as_they_like():
    raw = json.dumps(event_dict(sequence=1.0, attempt=10.0)).encode()
    event = check_event(raw)
    assert (event.sequence, event.attempt, type(event.sequence)) == (1, 10, int)
    assert check_event(json.dumps(event_dict(sequence=10**300)).encode()).sequence == 10**300
    lasting = event_dict(accesses=[{"store": "s", "op": "read", "key": "k", "ttl_seconds": 10**400}])
    assert check_event(json.dumps(lasting).encode()).accesses[0].ttl_seconds == pytest.approx(1.797e308, rel=1e-3)


def test_defaults_are_applied():
    event = check_event(json.dumps(event_dict()).encode())
    assert (event.attempt, event.status, event.final, event.partial) == (1, "ok", False, False)
    assert (event.sequence, event.branch, event.accesses, event.attributes) == (None, None, (), {})
    with_access = event_dict(accesses=[{"store": "s", "op": "delete", "key": "k"}])
    assert check_event(json.dumps(with_access).encode()).accesses == (Access("s", "delete", "k", None),)


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"colour": 1}, "colour", "unknown field: remove it"),
        ({"phase": "both"}, "phase", '"enter" or "exit"'),
        ({"status": None}, "status", '"ok" or "error"'),
        ({"final": 1}, "final", "true or false"),
        ({"sequence": True}, "sequence", "an integer from 0"),
        ({"attempt": 0}, "attempt", "an integer from 1"),
        ({"context": []}, "context", "an object"),
        ({"event_id": None}, "event_id", "leave it out"),
        ({"occurred_at": "2026-11-20"}, "occurred_at", "2026-11-20T10:00:00Z"),
        ({"occurred_at": 5}, "occurred_at", "2026-11-20T10:00:00Z"),
        ({"accesses": [{"op": "read", "key": "k"}]}, "accesses[0].store", "required, and missing"),
        (
            {"accesses": [{"store": "s", "op": "peek", "key": "k"}]},
            "accesses[0].op",
            '"read", "write" or "delete"',
        ),
        ({"attributes": {"ok": "", "wrong": 1}}, "attributes.wrong", "at most 1000 characters"),
    ],
)
def test_a_refusal_names_the_field_and_what_to_send(fields, field, said):
    _, (bad,) = check_all([json.dumps({**event_dict(), **fields}).encode()])
    assert bad.field == field
    assert said in bad.error


def test_a_missing_field_is_named():
    event = event_dict()
    del event["run_id"]
    _, (bad,) = check_all([json.dumps(event).encode()])
    assert (bad.index, bad.event_id, bad.field) == (0, event["event_id"], "run_id")
