"""Places in a context: how a path is written, and how a map's path finds the places it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jsonpath_rfc9535 as jsonpath
from jsonpath_rfc9535.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector, WildcardSelector

Location = tuple[str | int, ...]
"""Member names and list indexes from the root; two locations of one document sort in document order."""
Match = tuple[Location, Any]

_SHORTHAND = re.compile(r"[A-Za-z_\x80-\uD7FF\uE000-\U0010FFFF][0-9A-Za-z_\x80-\uD7FF\uE000-\U0010FFFF]*\Z")
_QUOTED_OR_NAMED = re.compile(
    r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|(?P<dots>\.\.?)(?P<name>[A-Za-z_\x80-\uD7FF\uE000-\U0010FFFF]"
    r"[0-9A-Za-z_\x80-\uD7FF\uE000-\U0010FFFF]*)"
)
_UNSAFE = re.compile(r"['\\\x00-\x1f\ud800-\udfff]")
_ESCAPES = {"'": "\\'", "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class _Every:
    """The wildcard in a plan."""

    __slots__ = ()


EVERY = _Every()
Step = str | int | _Every


class PathError(ValueError):
    """The text is no RFC 9535 JSONPath; the message says where."""


def render(location: Iterable[str | int]) -> str:
    """The path of a place as anomalies name it: `$.cart.items[0]['a.b']`.

    Names that RFC 9535 allows after a dot stand there, all others in brackets as its section 2.7
    writes them; half a surrogate pair is escaped, so that the path is valid Unicode.
    """
    return "$" + "".join([_segment(part) for part in location])


def _segment(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _SHORTHAND.match(part):
        return "." + part
    return "['" + _UNSAFE.sub(_escape, part) + "']"


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    return _ESCAPES.get(char) or f"\\u{ord(char):04x}"


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path of a context map: its text, and the places it matches in a context.

    Names, indexes and wildcards are followed directly; anything else RFC 9535 knows (slices,
    filters, descendants) goes through the library.
    """

    text: str
    plan: tuple[Step, ...] | None = field(compare=False)
    query: jsonpath.JSONPathQuery = field(compare=False)
    prefix: Location | None = field(compare=False)
    """The one place this path can match, where names alone say it; None otherwise."""

    def covers(self, location: Location, *contexts: Any) -> bool:
        """Whether a place lies at or below one that this path names in any of the contexts (MAPS.md)."""
        if self.prefix is not None:
            return location[: len(self.prefix)] == self.prefix
        if self.plan is None or any(isinstance(step, int) and step < 0 for step in self.plan):
            return any(covers(place, location) for context in contexts for place, _ in self.find(context))
        if len(self.plan) > len(location):
            return False
        return all(step is EVERY or step == part for step, part in zip(self.plan, location, strict=False))

    def find(self, context: Any) -> list[Match]:
        """The matching places with their values, each once, in document order (EVENTS.md)."""
        if self.plan is not None:
            return _follow(self.plan, context)
        nodes = {tuple(node.location): node.value for node in self.query.finditer(context)}
        return sorted(nodes.items(), key=lambda match: match[0])


class Covering:
    """Many paths as one question: whether a place lies at or below one of them."""

    __slots__ = ("_longest", "_others", "_prefixes")

    def __init__(self, paths: Iterable[Path], keys: Iterable[str] = ()) -> None:
        self._prefixes: set[Location] = {(key,) for key in keys}
        self._others: list[Path] = []
        for path in paths:
            prefix = path.prefix
            if prefix is None:
                self._others.append(path)
            else:
                self._prefixes.add(prefix)
        self._longest = max(map(len, self._prefixes), default=0)

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(groups: tuple[tuple[Path, ...], ...], keys: tuple[str, ...] = ()) -> Covering:
        """The paths of several groups, and top-level keys, made once for equal ones."""
        return Covering((path for group in groups for path in group), keys)

    def covers(self, location: Location, *contexts: Any) -> bool:
        """Whether one of the paths covers the place in any of the contexts (MAPS.md)."""
        prefixes = self._prefixes
        for length in range(min(len(location), self._longest) + 1):
            if location[:length] in prefixes:
                return True
        return any(path.covers(location, *contexts) for path in self._others) if self._others else False


def compile_path(text: str) -> Path:
    """Compiles an RFC 9535 JSONPath; raises PathError with the library's reason otherwise."""
    try:
        query = jsonpath.compile(_QUOTED_OR_NAMED.sub(_in_brackets, text))
    except (jsonpath.JSONPathError, ValueError, RecursionError) as error:
        raise PathError(str(error)) from error
    plan = _plan(query.segments)
    names = tuple(step for step in plan or () if isinstance(step, str))
    return Path(text, plan, query, names if plan is not None and len(names) == len(plan) else None)


def _in_brackets(found: re.Match[str]) -> str:
    """The library's lexer stops at names with characters beyond U+10FF, which RFC 9535 allows."""
    name, dots = found["name"], found["dots"]
    if name is None or max(name) <= "\u10ff":
        return found.group()
    return f"{'..' if dots == '..' else ''}['{name}']"


def _plan(segments: Iterable[JSONPathSegment]) -> tuple[Step, ...] | None:
    steps: list[Step] = []
    for segment in segments:
        if not isinstance(segment, JSONPathChildSegment) or len(segment.selectors) != 1:
            return None
        match segment.selectors[0]:
            case NameSelector(name=str(name)):
                steps.append(name)
            case IndexSelector(index=int(index)):
                steps.append(index)
            case WildcardSelector():
                steps.append(EVERY)
            case _:
                return None
    return tuple(steps)


def _follow(plan: tuple[Step, ...], context: Any) -> list[Match]:
    found: list[Match] = [((), context)]
    for step in plan:
        found = [match for place in found for match in _children(step, place)]
    return found


def _children(step: Step, place: Match) -> list[Match]:
    location, value = place
    if isinstance(step, str):
        return [((*location, step), value[step])] if isinstance(value, dict) and step in value else []
    if isinstance(step, int):
        if not isinstance(value, list) or not -len(value) <= step < len(value):
            return []
        return [((*location, step % len(value)), value[step])]
    if isinstance(value, dict):
        return [((*location, name), value[name]) for name in sorted(value)]
    if isinstance(value, list):
        return [((*location, index), item) for index, item in enumerate(value)]
    return []


def covers(prefix: Location, location: Location) -> bool:
    """Whether a place lies at or below another: `$.a.b` covers everything below it (MAPS.md)."""
    return location[: len(prefix)] == prefix
