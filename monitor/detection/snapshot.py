"""One event's context, taken apart once for all rules: its members, where it names an identity, its size.

A step often changes one member and leaves the others: a member that is as it was in the run's
event before is the same `Part`, so that nothing about it is worked out twice.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from monitor.detection.context_map import ContextMap
from monitor.detection.diff import MISSING, Change, at, spell_out, whole_changes
from monitor.detection.event import Event, JSONObject
from monitor.detection.identity import DEFAULT_NAMES, KINDS, Kind
from monitor.detection.paths import Location, covers
from monitor.detection.values import canonical, identity_text

__all__ = ["MISSING", "Kept", "Mark", "Part", "Snapshot", "changes", "size_bytes", "snapshots_of"]

_NAMES = frozenset(DEFAULT_NAMES)
_TRACES = (b"execution", b"pipeline", b"session", b"tenant", b"org_id", b"orgId")
"""Of each default name one stands in the form of every value that has a member of that name."""
_CONTAINERS = frozenset({dict, list})
_WORST_GROWTH = 6
"""No JSON text is longer than this many times its marshalled form plus one byte an element."""


class Mark(NamedTuple):
    """A place in a context that says whose it is: the value as sent, and as the text it compares by.

    `mapped` where an identity path of the map names the place; otherwise its field name does.
    """

    kind: Kind
    location: Location
    value: Any
    text: str
    mapped: bool


_NO_MARKS: list[Mark] = []


class Part:
    """A member of a context: its marshalled form, which is equal only for equal values, and its value.

    `marks` are the places in it with a default identity name, found when first asked for.
    """

    __slots__ = ("_marks", "_size_bytes", "_value", "form")

    def __init__(self, form: bytes, value: Any = MISSING) -> None:
        self.form = form
        self._value = value
        self._marks: list[Mark] | None = None
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Its size as compact UTF-8 JSON."""
        if not self._size_bytes:
            self._size_bytes = size_bytes(self.value)
        return self._size_bytes

    @property
    def value(self) -> Any:
        """The member's value."""
        if self._value is MISSING:
            self._value = marshal.loads(self.form)  # noqa: S302 - our own state, never a sender's bytes
        return self._value

    def marks(self, name: str) -> list[Mark]:
        """Its marks, by default names alone; `name` is the member's."""
        if self._marks is None:
            kind, value = DEFAULT_NAMES.get(name), self.value
            text = identity_text(value) if kind is not None else None
            if kind is not None and text is not None:
                self._marks = [Mark(kind, (name,), value, text, False)]
            elif type(value) in _CONTAINERS and any(trace in self.form for trace in _TRACES):
                self._marks = _named(value, (None, name))
            else:
                self._marks = _NO_MARKS
        return self._marks


Parts = Mapping[str, Part]


class Kept:
    """What is kept of a snapshot between two events: its members, and which event it was."""

    __slots__ = ("_context", "event_id", "occurred_at", "partial", "parts", "step")

    def __init__(self, parts: Parts, partial: bool, step: str, event_id: str, occurred_at: datetime) -> None:
        self._context: JSONObject | None = None
        self.parts = parts
        self.partial = partial
        self.step = step
        self.event_id = event_id
        self.occurred_at = occurred_at

    def at(self, location: Location) -> Any:
        """The value at a place, or MISSING."""
        if not location:
            return self.context
        part = self.parts.get(location[0]) if isinstance(location[0], str) else None
        return at(part.value, location[1:]) if part is not None else MISSING

    @property
    def context(self) -> JSONObject:
        """The whole context."""
        if self._context is None:
            self._context = {name: part.value for name, part in self.parts.items()}
        return self._context


class Snapshot:
    """An event's context as the rules ask about it: its marks in document order, its values, its size."""

    __slots__ = ("_kept", "_weight", "event", "marks", "parts")

    def __init__(self, event: Event, parts: dict[str, Part], marks: list[Mark], weight: int) -> None:
        self.event = event
        self.parts = parts
        self.marks = marks
        self._weight = weight
        self._kept: Kept | None = None

    @property
    def kept(self) -> Kept:
        """The snapshot as it is kept for later events."""
        if self._kept is None:
            event = self.event
            self._kept = Kept(self.parts, event.partial, event.step, event.event_id, event.occurred_at)
            self._kept._context = event.context
        return self._kept

    def at(self, location: Location) -> Any:
        """The value at a place, or MISSING."""
        return at(self.event.context, location)

    def size_bytes_over(self, limit_bytes: int) -> int | None:
        """The size as compact UTF-8 JSON where it is larger than the limit, else None."""
        if self._weight * _WORST_GROWTH <= limit_bytes:
            return None
        # A member is its name, a colon, its value and a comma; the last one has none, and braces are two.
        size = 1 + sum(size_bytes(name) + part.size_bytes + 2 for name, part in self.parts.items())
        return size if size > limit_bytes else None


def changes(before: Kept, after: Snapshot) -> list[Change]:
    """Every leaf that differs between an earlier snapshot and this one, in document order.

    What is absent from either where it is partial is not known to be missing, and left out.
    """
    return changes_kept(before, after.kept)


def changes_kept(before: Kept, after: Kept, *, gains: bool | None = None) -> list[Change]:
    """The same between two that were kept; `gains` says whether what the first lacks counts all the same."""
    found: list[Change] = []
    for change in changes_whole(before, after, gains=gains):
        spell_out(change, found)
    return found


def changes_whole(before: Kept, after: Kept, *, gains: bool | None = None) -> list[Change]:
    """The same, but what is new or gone as a whole is one change (`diff.spell_out`)."""
    mine, theirs = before.parts, after.parts
    if mine is theirs:
        return []
    names = [name for name, part in theirs.items() if not is_same_part(mine.get(name), part)]
    names += [name for name in mine if name not in theirs]
    gains, losses = not before.partial if gains is None else gains, not after.partial
    found: list[Change] = []
    for name in sorted(names):
        old, new = mine.get(name), theirs.get(name)
        left, right = (old.value if old else MISSING), (new.value if new else MISSING)
        found += whole_changes(left, right, (name,), gains=gains, losses=losses)
    return found


def is_same_part(old: Part | None, new: Part | None) -> bool:
    """Whether two members are known to be the same."""
    return old is new or (old is not None and new is not None and old.form == new.form)


def snapshots_of(events: Iterable[Event], context_map: ContextMap | None) -> tuple[Snapshot, ...]:
    """The snapshots of a run's events, in their order."""
    found: list[Snapshot] = []
    before: dict[str, Part] = {}
    marks: list[Mark] = []
    weight = 0
    for event in events:
        parts = _parts(event.context, before)
        if parts is not before or not found:
            marks = _marks(event.context, parts, context_map)
            weight = 2 + sum([len(part.form) + len(name) + 4 for name, part in parts.items()])
        found.append(Snapshot(event, parts, marks, weight))
        before = parts
    return tuple(found)


def _parts(context: JSONObject, before: dict[str, Part]) -> dict[str, Part]:
    """The members of a context; `before` itself where none of them differs from it."""
    parts, same, known, dumps = {}, len(context) == len(before), before.get, marshal.dumps
    for name, value in context.items():
        old = known(name)
        if type(value) is str and old is not None and old._value == value:
            parts[name] = old
            continue
        form = dumps(value, 2)
        if old is not None and old.form == form:
            parts[name] = old
        else:
            parts[name] = Part(form, value)
            same = False
    return before if same else parts


def size_bytes(context: Any) -> int:
    """The size of a JSON value as compact UTF-8 JSON; half a surrogate pair counts three bytes."""
    try:
        text = json.dumps(context, ensure_ascii=False, separators=(",", ":"), check_circular=False)
    except ValueError:
        text = canonical(context)
    return len(text.encode("utf-8", "surrogatepass"))


def _marks(context: Any, parts: Parts, context_map: ContextMap | None) -> list[Mark]:
    found: list[Mark] = []
    for name, part in parts.items():
        found += part.marks(name) if part._marks is None else part._marks
    if context_map is None:
        return found if len(found) < 2 else sorted(found, key=_in_document)
    return _declared(context, found, context_map)


def _declared(context: Any, named: list[Mark], context_map: ContextMap) -> list[Mark]:
    """The marks with those at the map's identity paths, less those that it ignores."""
    found = {(mark.kind, mark.location): mark for mark in named}
    identity = context_map.identity
    for kind, paths in zip(KINDS, (identity.execution_id, identity.session, identity.tenant), strict=True):
        for path in paths:
            prefix = path.prefix
            for location, value in path.find(context) if prefix is None else ((prefix, at(context, prefix)),):
                text = identity_text(value)
                if text is not None:
                    found[kind, location] = Mark(kind, location, value, text, True)
    if identity.ignore:
        _forget_ignored(found, context, context_map)
    return list(found.values()) if len(found) < 2 else sorted(found.values(), key=_in_document)


def _in_document(mark: Mark) -> tuple[Location, str]:
    return mark.location, mark.kind


def _forget_ignored(found: dict[tuple[Kind, Location], Mark], context: Any, context_map: ContextMap) -> None:
    for path in context_map.identity.ignore:
        prefix = path.prefix
        prefixes = [prefix] if prefix is not None else [location for location, _ in path.find(context)]
        for one in prefixes:
            for key in [key for key in found if covers(one, key[1])]:
                del found[key]


def _named(value: Any, root: Any) -> list[Mark]:
    """The fields with a default name, at any depth, that hold an identity value."""
    found: list[Mark] = []
    todo: list[tuple[Any, Any]] = [(value, root)]
    while todo:
        container, trail = todo.pop()
        if type(container) is dict:
            members: Iterable[tuple[Any, Any]] = container.items()
            if not _NAMES.isdisjoint(container):
                found.extend(_marks_in(container, trail))
        else:
            members = enumerate(container)
        todo.extend([(inner, (trail, name)) for name, inner in members if type(inner) in _CONTAINERS])
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
