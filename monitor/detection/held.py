"""Where a value stands in a context: how runs are searched for what leaked out of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from monitor.detection.paths import Location
from monitor.detection.values import identity_text, number_text, same, value_key

_MAY_BE_A_NUMBER = re.compile(r"-?(?:[0-9]|inf|nan)")
"""What the text of a number begins with (`values.number_text`)."""


@dataclass(frozen=True, slots=True)
class Want:
    """A value to look for. Identity values compare as text, all others as JSON values.

    `key` is the one under which holders of the value are indexed. `token` is the canary that stands
    in it, if it was found for that.
    """

    value: Any = field(compare=False)
    as_text: bool
    key: bytes
    token: str | None = None

    @classmethod
    def of(cls, value: Any, *, as_text: bool, token: str | None = None) -> Want:
        """The want for a value; equal wants look for the same."""
        return cls(value, as_text, value_key(value), token)

    def is_met_by(self, value: Any) -> bool:
        """Whether a value is the one looked for."""
        if isinstance(value, str):
            return bool(value == self.value)
        return identity_text(value) == self.value if self.as_text else same(value, self.value)

    def places(self, context: Any) -> list[Location]:
        """Where the value stands, in document order (EVENTS.md, "Order")."""
        found: list[Location] = [()] if self.is_met_by(context) else []
        target, alike = self.value, self._alike()
        todo: list[tuple[Any, Any]] = [(context, None)]
        while todo:
            container, trail = todo.pop()
            for name, value in container.items() if type(container) is dict else enumerate(container):
                kind = type(value)
                if kind is str:
                    if value == target:
                        found.append(_location((trail, name)))
                    continue
                if kind in alike and self.is_met_by(value):
                    found.append(_location((trail, name)))
                if kind is dict or kind is list:
                    todo.append((value, (trail, name)))
        return sorted(found)

    def _alike(self) -> frozenset[type]:
        """The types, besides text, of which a value can be the one looked for."""
        if isinstance(self.value, str):
            return frozenset({int, float} if self.as_text and _MAY_BE_A_NUMBER.match(self.value) else ())
        return frozenset({int, float} if type(self.value) in (int, float) else {type(self.value)})


def _location(trail: Any) -> Location:
    parts: list[str | int] = []
    while trail is not None:
        trail, part = trail
        parts.append(part)
    return tuple(reversed(parts))


def value_at(context: Any, location: Location) -> Any:
    """The value at a place that is known to exist."""
    value = context
    for part in location:
        value = value[part]
    return value


class WantedValues:
    """Many values to look for in one walk over a context."""

    def __init__(self, wants: Iterable[Want]) -> None:
        self._texts: dict[str, bytes] = {}
        self._numbers: dict[str, bytes] = {}
        self._others: dict[type, dict[int, list[Want]]] = {dict: {}, list: {}}
        self._booleans: dict[bool, bytes] = {}
        for want in set(wants):
            self._add(want)

    def _add(self, want: Want) -> None:
        value = want.value
        if isinstance(value, str):
            self._texts[value] = want.key
            if want.as_text:
                self._numbers[value] = want.key
        elif isinstance(value, bool):
            self._booleans[value] = want.key
        elif isinstance(value, (int, float)):
            self._numbers[number_text(value)] = want.key
        elif isinstance(value, (dict, list)):
            self._others[type(value)].setdefault(len(value), []).append(want)

    def __bool__(self) -> bool:
        return bool(self._texts or self._numbers or self._booleans or any(self._others.values()))

    def within(self, context: Any) -> set[bytes]:
        """The keys of those that stand somewhere in the context; it may name one that only reads alike."""
        found: set[bytes] = set()
        todo: list[Any] = [context]
        while todo:
            value = todo.pop()
            kind = type(value)
            if kind is str:
                if value in self._texts:
                    found.add(self._texts[value])
            elif kind is dict or kind is list:
                todo.extend(value.values() if kind is dict else value)
                alike = self._others[kind].get(len(value))
                found.update(want.key for want in alike or () if want.is_met_by(value))
            elif kind is bool:
                if value in self._booleans:
                    found.add(self._booleans[value])
            elif kind is int or kind is float:
                key = self._numbers.get(number_text(value)) if self._numbers else None
                if key is not None:
                    found.add(key)
        return found
