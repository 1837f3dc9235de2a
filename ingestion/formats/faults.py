"""What is wrong with an event, in words that say what to send instead."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from monitor.detection.paths import Location, render

_AT = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<where>.*)`)?", re.DOTALL)
_NAMED = re.compile(r"Object (?P<kind>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAME = "a string of 1 to 200 characters"
_ADVICE = {
    "event_id": "a string of 1 to 128 characters, or leave it out",
    "occurred_at": "an RFC 3339 timestamp with an offset, like 2026-11-20T10:00:00Z",
    "workflow": _NAME,
    "run_id": _NAME,
    "step": _NAME,
    "sequence": "an integer from 0, or leave it out",
    "phase": '"enter" or "exit"',
    "attempt": "an integer from 1",
    "status": '"ok" or "error"',
    "final": "true or false",
    "context": "an object",
    "partial": "true or false",
    "accesses": 'a list of at most 100 objects like {"store": "redis", "op": "read", "key": "cart:42"}',
    "accesses[].store": _NAME,
    "accesses[].op": '"read", "write" or "delete"',
    "accesses[].key": "a string of 1 to 1000 characters",
    "accesses[].ttl_seconds": "a number from 0, or null",
    "attributes": "an object of at most 50 strings",
    "attributes[]": "a string of at most 1000 characters",
    **dict.fromkeys(
        ("parent_run_id", "parent_step", "branch", "execution_id", "session", "tenant"), f"{_NAME}, or null"
    ),
}


class EventError(ValueError):
    """One event is not what EVENTS.md says: `field` (empty: the whole event) and what to do."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem


def nests_deeper(value: Any, levels: int) -> bool:
    """Whether objects and lists stand in each other more than `levels` deep."""
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not layer:
            return False
    return True


def inspect(event: dict[str, Any], *, max_depth: int) -> None:
    """Raises EventError where the event holds what no field may: NUL, half a surrogate, no finite number.

    The walk is by layers, so that no nesting exhausts the stack.
    """
    layer: list[tuple[Location, Any]] = [((), event)]
    for depth in range(max_depth + 2):
        for location, value in layer:
            _inspect_one(location, value)
        layer = [member for location, value in layer for member in _members(location, value)]
        if depth == max_depth and any(isinstance(value, (dict, list)) for _, value in layer):
            deep = next(location for location, value in layer if isinstance(value, (dict, list)))
            raise EventError(field_of(deep), f"deeper than {max_depth} levels: send less of it, or flatten it")


def _members(location: Location, value: Any) -> Iterator[tuple[Location, Any]]:
    if isinstance(value, dict):
        return (((*location, name), member) for name, member in value.items())
    if isinstance(value, list):
        return (((*location, index), item) for index, item in enumerate(value))
    return iter(())


def _inspect_one(location: Location, value: Any) -> None:
    for text in (value, *location[-1:]):
        if not isinstance(text, str):
            continue
        if "\0" in text:
            raise EventError(field_of(location), f"a NUL character at {_at(location)}: remove it")
        if _SURROGATE.search(text):
            raise EventError(
                field_of(location), f"half a surrogate pair at {_at(location)}: send whole Unicode characters"
            )
    if isinstance(value, float) and not math.isfinite(value):
        raise EventError(
            field_of(location), f"a number that is not finite at {_at(location)}: send null or a string"
        )


def field_of(location: Location) -> str:
    """The field that a place in an event belongs to, as a rejection names it: `accesses[3].op`."""
    if not location or location[0] in ("context", "attributes"):
        return str(location[0]) if location else ""
    return _printable(render(location[:3]).removeprefix("$").removeprefix("."))


def _at(location: Location) -> str:
    inside = location[1:] if location[:1] == ("context",) else location
    return _printable(render(inside))


def _printable(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."


def misfit(message: str, event: dict[str, Any]) -> EventError:
    """msgspec's complaint about `event` as a field and a sentence that says what to send."""
    parts = _AT.fullmatch(message)
    said, where = (parts["said"], parts["where"] or "") if parts else (message, "")
    where = where.removeprefix(".")
    named = _NAMED.fullmatch(said)
    if named:
        field = f"{where}.{named['name']}" if where else named["name"]
        return EventError(_printable(field), _about_name(field, known=named["kind"].startswith("missing")))
    if where == "attributes[...]":
        where = f"attributes.{_bad_label(event['attributes'])}"
    field = where or "event"
    advice = _ADVICE.get(re.sub(r"\[[0-9]+\]", "[]", where)) or _ADVICE.get("attributes[]")
    return EventError(_printable(where), f"{said.replace('`', '')}: send {field[:200]} as {advice}")


def _about_name(field: str, *, known: bool) -> str:
    if known:
        advice = _ADVICE.get(re.sub(r"\[[0-9]+\]", "[]", field), "a value")
        return f"required, and missing: send {field} as {advice}"
    if "." in field:
        return "unknown field: an access has store, op, key and ttl_seconds only"
    return "unknown field: remove it, or send it in context or attributes"


def _bad_label(attributes: dict[str, Any]) -> str:
    for name, label in attributes.items():
        if not isinstance(label, str) or len(label) > 1000:
            return name
    return ""
