"""schema-drift: versions that go back, and contexts that break their schema. Source: RULES.md, Integrity."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.maps import MapError, parse_map
from monitor.detection.schemas import SchemaError, broken_at, check_schema
from tests.detection.ruling import Row, map_text, ruled
from tests.detection.samples import event

VERSION = "schema_version: $.v"
NESTED = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}}},
}


def versions(*values: Any, **fields: Any) -> list[Row]:
    """What the rule says of events with these versions, `...` for none."""
    events = [
        event(f"S{second}.exit", {} if value is ... else {"v": value}, at=second, **fields)
        for second, value in enumerate(values)
    ]
    return ruled("schema-drift", events, VERSION)


def told(context: Any, schema: str, **fields: Any) -> list[tuple[str, Any]]:
    """Path and observed of a context of version v1, whose schema is this."""
    body = f"{VERSION}\nschemas: {{v1: {schema}}}"
    got = ruled("schema-drift", [event("A.exit", {"v": "v1", **context}, **fields)], body)
    assert {expected for _, _, expected, _ in got} <= {"v1"}
    return [(path, observed) for _, path, _, observed in got]


class TestVersions:
    """A version that goes back along a line."""

    def test_it_is_told_where_it_goes_back_and_not_again(self) -> None:
        assert versions("v9", "v10", "v9", "v9") == [("S2.exit", "$.v", "v10", "v9")]
        assert versions("v9", "v10", "v9", "v8") == [
            ("S2.exit", "$.v", "v10", "v9"),
            ("S3.exit", "$.v", "v9", "v8"),
        ]

    @pytest.mark.parametrize(
        ("lower", "higher"),
        [
            ("v9", "v10"),
            (9, 10),
            (9, "10"),
            (1.5, 2),
            ("1.2.9", "1.2.10"),
            ("1.2", "1.2.0"),
            ("2026-09-30", "2026-10-01"),
            ("alpha", "beta"),
            ("1.0", "1.0-rc1"),
            ("v1²", "v2"),
            ("9" * 5000, "1" + "0" * 5000),
        ],
    )
    def test_numbers_inside_versions_compare_as_numbers(self, lower: Any, higher: Any) -> None:
        assert versions(lower, higher) == []
        assert versions(higher, lower) == [("S1.exit", "$.v", higher, lower)]

    @pytest.mark.parametrize("same", [("v1", "v01"), (1, 1.0), (1, "1"), ("v0", "v00")])
    def test_versions_that_read_alike_are_one(self, same: tuple[Any, Any]) -> None:
        assert versions(*same) == []
        assert versions(*reversed(same)) == []

    @pytest.mark.parametrize("none", [..., None, "", True, {}, ["v1"]])
    def test_an_event_without_a_version_is_passed_over(self, none: Any) -> None:
        assert versions("v2", none, "v2") == []
        assert versions("v2", none, "v1") == [("S2.exit", "$.v", "v2", "v1")]

    def test_fingerprints_have_no_order(self) -> None:
        assert versions("fp:2", "fp:1", "v1") == []
        assert versions("v2", "fp:1") == []

    def test_each_branch_follows_its_own_line(self) -> None:
        events = [
            event("A.exit", {"v": "v1"}, at=1),
            event("B.exit", {"v": "v2"}, at=2, branch="b"),
            event("C.exit", {"v": "v1"}, at=3, branch="c"),
            event("D.exit", {"v": "v1"}, at=4, branch="b"),
        ]
        assert ruled("schema-drift", events, VERSION) == [("D.exit", "$.v", "v2", "v1")]

    def test_a_retry_goes_on_from_before_the_first_attempt(self) -> None:
        events = [
            event("A.exit", {"v": "v1"}, at=1),
            event("B.enter", {"v": "v1"}, at=2),
            event("B.exit", {"v": "v2"}, at=3, status="error"),
            event("B.enter", {"v": "v1"}, at=4, attempt=2),
        ]
        assert ruled("schema-drift", events, VERSION) == []

    def test_without_the_path_in_the_map_nothing_is_judged(self) -> None:
        events = [event("A.exit", {"v": "v2"}, at=1), event("B.exit", {"v": "v1"}, at=2)]
        assert ruled("schema-drift", events, "schemas: {v1: false}") == []


class TestSchemas:
    """Where a context breaks the schema of its version."""

    @pytest.mark.parametrize(
        ("context", "paths"),
        [
            ({"a": {"b": 1}}, []),
            ({"a": {"b": 1.0}}, []),
            ({}, [()]),
            ({"a": {}}, [("a",)]),
            ({"a": {"b": "x"}}, [("a", "b")]),
            ({"a": 1}, [("a",)]),
        ],
    )
    def test_a_wrong_value_is_named_itself_and_a_missing_one_at_its_parent(
        self, context: Any, paths: list[Any]
    ) -> None:
        assert broken_at(NESTED, context, partial=False) == paths

    def test_it_fires_at_every_event_and_every_place_in_document_order(self) -> None:
        schema = "{properties: {l: {items: {type: string}}, k: {type: string}}}"
        assert told({"l": ["x", 1, 2], "k": 0}, schema) == [("$.k", 0), ("$.l[1]", 1), ("$.l[2]", 2)]
        body = f"{VERSION}\nschemas: {{v1: {schema}}}"
        events = [event(f"S{n}.exit", {"v": "v1", "k": 0}, at=n) for n in range(3)]
        assert [row[0] for row in ruled("schema-drift", events, body)] == ["S0.exit", "S1.exit", "S2.exit"]

    def test_a_place_that_breaks_two_keywords_is_named_once(self) -> None:
        assert told({"a": 5}, "{properties: {a: {type: string, maximum: 3}}}") == [("$.a", 5)]

    def test_the_context_is_judged_by_its_own_version_alone(self) -> None:
        body = f"{VERSION}\nschemas: {{v1: {{required: [old]}}, v2: {{required: [new]}}}}"
        events = [
            event("A.exit", {"v": "v1", "old": 1}, at=1),
            event("B.exit", {"v": "v2", "old": 1}, at=2),
            event("C.exit", {"v": "v3"}, at=3),
        ]
        assert ruled("schema-drift", events, body) == [("B.exit", "$", "v2", {"v": "v2", "old": 1})]

    def test_a_version_that_is_a_number_names_its_schema_as_text(self) -> None:
        body = f"{VERSION}\nschemas: {{'1': {{required: [x]}}}}"
        assert ruled("schema-drift", [event("A.exit", {"v": 1})], body) == [("A.exit", "$", 1, {"v": 1})]
        assert ruled("schema-drift", [event("A.exit", {"v": 1.0})], body) == [("A.exit", "$", 1.0, {"v": 1.0})]

    @pytest.mark.parametrize(
        "schema",
        [
            "{required: [a]}",
            "{minProperties: 9}",
            "{properties: {l: {minItems: 3}}}",
            "{properties: {l: {contains: {const: 9}}}}",
            "{dependentRequired: {v: [a]}}",
            "{properties: {o: {anyOf: [{required: [x]}, {required: [y]}]}}}",
            "{if: {required: [x]}, else: {properties: {v: {maxLength: 1}}}}",
            "{not: {required: [o]}}",
        ],
    )
    def test_what_is_absent_from_a_partial_snapshot_proves_nothing(self, schema: str) -> None:
        context = {"l": [1], "o": {}}
        assert told(context, schema, partial=True) == []
        assert told(context, schema) != []

    @pytest.mark.parametrize(
        "schema", ["{type: string}", "{enum: [7]}", "{maximum: 3}", "{anyOf: [{type: string}]}"]
    )
    def test_what_it_shows_is_judged(self, schema: str) -> None:
        assert told({"a": 5}, f"{{properties: {{a: {schema}}}}}", partial=True) == [("$.a", 5)]

    @pytest.mark.parametrize(
        "schema",
        [
            "{properties: {a: {type: object}}}",
            "{properties: {a: {maxLength: 2}}}",
            "{properties: {o: {properties: {k: {const: x}}}}}",
            "{properties: {o: {anyOf: [{properties: {k: {const: x}}}, {properties: {k: {const: y}}}]}}}",
            "{properties: {o: {enum: [{k: x}]}}}",
            "{properties: {l: {contains: {const: x}}}}",
        ],
    )
    def test_from_a_fingerprint_in_place_of_the_value_nothing_follows(self, schema: str) -> None:
        assert told({"a": "fp:1", "o": {"k": "fp:2"}, "l": ["fp:3"]}, schema) == []
        assert told({"a": "abc", "o": {"k": "abc"}, "l": ["abc"]}, schema) != []

    def test_a_schema_may_refer_inside_itself(self) -> None:
        schema = "{$defs: {n: {type: integer}}, properties: {a: {$ref: '#/$defs/n'}}}"
        assert told({"a": "x"}, schema) == [("$.a", "x")]
        assert told({"a": 1}, schema) == []

    @pytest.mark.parametrize(
        "schema",
        [{"type": "strng"}, {"required": "a"}, {"$ref": "https://example.com/x.json"}, {"$ref": "x.json"}, 7],
    )
    def test_what_is_no_schema_or_refers_elsewhere_is_refused_with_the_map(self, schema: Any) -> None:
        with pytest.raises(SchemaError):
            check_schema(schema)
        with pytest.raises(MapError):
            parse_map(map_text(f"{VERSION}\nschemas: {{v1: {schema}}}"))
