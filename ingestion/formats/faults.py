"""What is wrong with an event, in words that say what to send instead."""

from __future__ import annotations

import math
import re
from typing import Any

from monitor.detection.paths import Location, render

_AT = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<where>.*)`)?", re.DOTALL)
_NAMED = re.compile(r"Object (?P<kind>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_Way = tuple[Any, ...]
"""The steps to a place, from its end: `(the way to the place around it, a name or an index)`; () is the event."""
_Holder = tuple[_Way, dict[str, Any] | list[Any]]
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

    The walk is by layers, so that no nesting exhausts the stack, and spells a place out only where it
    complains of it, so that a deep place with many members takes no longer than a shallow one.
    """
    layer: list[_Holder] = [((), event)]
    for depth in range(max_depth + 1):
        inner: list[_Holder] = []
        for way, holder in layer:
            for step, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
                what = _fault(step) or _fault(value)
                if what:
                    location = _spelled((way, step))
                    raise EventError(field_of(location), what.format(place=_at(location)))
                if isinstance(value, (dict, list)):
                    inner.append(((way, step), value))
        if depth == max_depth and inner:
            location = _spelled(inner[0][0])
            raise EventError(field_of(location), f"deeper than {max_depth} levels: send less of it, or flatten it")
        layer = inner


def _fault(value: Any) -> str | None:
    if isinstance(value, str):
        if "\0" in value:
            return "a NUL character at {place}: remove it"
        if _SURROGATE.search(value):
            return "half a surrogate pair at {place}: send whole Unicode characters"
    elif isinstance(value, float) and not math.isfinite(value):
        return "a number that is not finite at {place}: send null or a string"
    return None


def _spelled(way: _Way) -> Location:
    steps: list[str | int] = []
    while way:
        way, step = way
        steps.append(step)
    return tuple(reversed(steps))


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
