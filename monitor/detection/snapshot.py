"""One event's context, walked once for all rules: where it names an identity, and how big it is."""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event, JSONObject
from monitor.detection.identity import DEFAULT_NAMES, KINDS, Kind
from monitor.detection.paths import Location, covers
from monitor.detection.values import canonical, identity_text

MISSING: Final = object()
_NAMES = frozenset(DEFAULT_NAMES)
_CONTAINERS = frozenset({dict, list})
_WORST_GROWTH = 6
"""No JSON text is longer than this many times its marshalled form plus one byte an element."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a context that says whose it is: the value as sent, and as the text it compares by.

    `mapped` where an identity path of the map names the place; otherwise its field name does.
    """

    kind: Kind
    location: Location
    value: Any
    text: str
    mapped: bool


class Snapshot:
    """An event's context as the rules ask about it: its marks in document order, its values, its size."""

    __slots__ = ("_weight", "event", "marks")

    def __init__(self, event: Event, marks: list[Mark], weight: int) -> None:
        self.event = event
        self.marks = marks
        self._weight = weight

    def at(self, location: Location) -> Any:
        """The value at a place, or MISSING."""
        value: Any = self.event.context
        for part in location:
            if isinstance(value, dict):
                if part not in value:
                    return MISSING
                value = value[part]
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return MISSING
        return value

    def size_bytes_over(self, limit_bytes: int) -> int | None:
        """The size as compact UTF-8 JSON where it is larger than the limit, else None."""
        if self._weight * _WORST_GROWTH <= limit_bytes:
            return None
        size = size_bytes(self.event.context)
        return size if size > limit_bytes else None


def snapshots_of(events: Iterable[Event], context_map: ContextMap | None) -> tuple[Snapshot, ...]:
    """The snapshots of a run's events, in their order.

    A step often enters with what the one before left: an unchanged context is not walked again.
    """
    found: list[Snapshot] = []
    before, marks = b"", list[Mark]()
    for event in events:
        form = marshal.dumps(event.context, 2)
        if form != before:
            before, marks = form, _marks(event.context, context_map)
        found.append(Snapshot(event, marks, len(form)))
    return tuple(found)


def size_bytes(context: Any) -> int:
    """The size of a JSON value as compact UTF-8 JSON; half a surrogate pair counts three bytes."""
    try:
        text = json.dumps(context, ensure_ascii=False, separators=(",", ":"), check_circular=False)
    except ValueError:
        text = canonical(context)
    return len(text.encode("utf-8", "surrogatepass"))


def _marks(context: Any, context_map: ContextMap | None) -> list[Mark]:
    found = {(mark.kind, mark.location): mark for mark in _named(context)}
    if context_map is not None:
        for kind in KINDS:
            for path in context_map.identity.of(kind):
                for location, value in path.find(context):
                    text = identity_text(value)
                    if text is not None:
                        found[kind, location] = Mark(kind, location, value, text, True)
        _forget_ignored(found, context, context_map)
    if len(found) < 2:
        return list(found.values())
    return sorted(found.values(), key=lambda mark: (mark.location, mark.kind))


def _forget_ignored(found: dict[tuple[Kind, Location], Mark], context: Any, context_map: ContextMap) -> None:
    for path in context_map.identity.ignore:
        prefix = path.prefix
        prefixes = [prefix] if prefix is not None else [location for location, _ in path.find(context)]
        for one in prefixes:
            for key in [key for key in found if covers(one, key[1])]:
                del found[key]


def _named(context: Any) -> list[Mark]:
    """The fields with a default name, at any depth, that hold an identity value."""
    found: list[Mark] = []
    todo: list[tuple[Any, Any]] = [(context, None)]
    while todo:
        container, trail = todo.pop()
        if type(container) is dict:
            members: Iterable[tuple[Any, Any]] = container.items()
            if not _NAMES.isdisjoint(container):
                found.extend(_marks_in(container, trail))
        else:
            members = enumerate(container)
        todo.extend([(value, (trail, name)) for name, value in members if type(value) in _CONTAINERS])
    return found


def _marks_in(container: JSONObject, trail: Any) -> Iterable[Mark]:
    for name in _NAMES.intersection(container):
        text = identity_text(container[name])
        if text is not None:
            yield Mark(DEFAULT_NAMES[name], _location((trail, name)), container[name], text, False)


def _location(trail: Any) -> Location:
    parts: list[str | int] = []
    while trail is not None:
        trail, part = trail
        parts.append(part)
    return tuple(reversed(parts))
