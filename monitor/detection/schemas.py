"""JSON Schemas of context maps, compiled once, and where a context breaks one."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import jsonschema_rs

from monitor.detection.paths import Location
from monitor.detection.values import is_fingerprint

_KEPT = 512
_ABSENT = ("required", "minProperties", "minItems", "contains", "minContains", "dependentRequired", "dependencies")
"""Keywords that a value can break by what is not there."""
_CONDITIONS = frozenset({"if", "then", "else", "dependentSchemas"})
"""Keywords that ask something of one place because of what is at another."""
_WHOLE = _CONDITIONS | {"const", "enum", "anyOf", "oneOf", "not", "contains"}
"""Keywords that ask about a value as a whole: what is absent from it, or a fingerprint in it, may decide."""


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
    nothing, and from a fingerprint in a place where the schema describes a plain value nothing follows; nor
    does it from a keyword such as `anyOf` that such a place could decide.
    """
    errors = _compiled(json.dumps(schema, sort_keys=True)).iter_errors(context)
    return sorted({tuple(error.instance_path) for error in errors if _counts(error, partial)})


def _counts(error: Any, partial: bool) -> bool:
    if is_fingerprint(error.instance):
        return False
    words = [word for word in error.schema_path if isinstance(word, str)]
    if partial and words and (words[-1] in _ABSENT or not _CONDITIONS.isdisjoint(words)):
        return False
    if _WHOLE.isdisjoint(words):
        return True
    hides = partial and isinstance(error.instance, (dict, list))
    return not hides and not _holds_fingerprint(error.instance)


def _holds_fingerprint(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(map(_holds_fingerprint, value.values() if isinstance(value, dict) else value))
    return is_fingerprint(value)
