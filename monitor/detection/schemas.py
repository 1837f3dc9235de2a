"""JSON Schemas of context maps, compiled once, and where a context breaks one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import jsonschema_rs

from monitor.detection.paths import Location
from monitor.detection.values import is_fingerprint

_KEPT = 512
_ABSENT = ("required", "minProperties", "minItems", "contains", "minContains", "dependentRequired", "dependencies")
"""Keywords that a value can break by what is not there."""


class SchemaError(ValueError):
    """The schema is no JSON Schema, or refers to one outside itself; the message says why."""


def check_schema(schema: Any) -> None:
    """Raises SchemaError for what cannot be used as a JSON Schema (2020-12)."""
    _compiled(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=_KEPT)
def _compiled(text: str) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(json.loads(text), retriever=_refuse)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise SchemaError(str(error).splitlines()[0]) from error


def _refuse(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to another document: {uri}")


def broken_at(schema: Any, context: Any, *, partial: bool) -> list[Location]:
    """Where a context breaks a schema, each place once, in document order.

    A missing property is broken at its parent. What is absent from a partial snapshot proves
    nothing, and from a fingerprint in a place where the schema describes a plain value nothing follows.
    """
    errors = _compiled(json.dumps(schema, sort_keys=True)).iter_errors(context)
    return sorted({tuple(error.instance_path) for error in errors if _counts(error, partial)})


def _counts(error: Any, partial: bool) -> bool:
    if is_fingerprint(error.instance):
        return False
    return not (partial and error.schema_path and error.schema_path[-1] in _ABSENT)
