"""The query box: words and `field:value` terms to a filter, or where the query is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FIELDS: Mapping[str, str] = {
    "is": "status",
    "severity": "severity",
    "class": "class",
    "rule": "rule",
    "workflow": "workflow",
    "run": "run",
    "session": "session",
    "who": "person",
}
STATUSES = ("open", "acknowledged", "mitigated", "resolved", "known", "false_positive")
ACTIVE = ("open", "acknowledged")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "is": (*STATUSES, "active"),
    "severity": ("critical", "high", "warning"),
    "class": ("temporal", "spatial", "scoping", "integrity", "unknown"),
}
_TERM = re.compile(r'\s*(?:(?P<minus>-)?(?P<field>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """One `field:value`; several of one field mean any of them, `-field:value` means none of it."""

    field: str
    value: str
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, taken apart; with an `error`, `at` says where (from 0), and nothing is searched."""

    text: str
    terms: tuple[Term, ...] = ()
    words: tuple[str, ...] = ()
    error: str = ""
    at: int = 0
    before: str = ""

    @property
    def wrong(self) -> str:
        """What was typed from the error on."""
        return self.text[self.at :]

    def any_of(self, name: str) -> tuple[str, ...]:
        """The values of a field that are asked for."""
        return tuple(term.value for term in self.terms if term.field == name and not term.negative)

    def none_of(self, name: str) -> tuple[str, ...]:
        """The values of a field that are left out."""
        return tuple(term.value for term in self.terms if term.field == name and term.negative)


def parse(text: str) -> Query:
    """Takes a query apart; never raises, an error stands in the result."""
    terms: list[Term] = []
    words: list[str] = []
    for at, name, value, negative in _tokens(text):
        problem = _problem(name, value)
        if problem:
            return Query(text=text, error=problem, at=at, before=text[:at])
        if not name:
            words.append(value)
        elif (name, value) == ("is", "active"):
            terms.extend(Term("is", status, negative) for status in ACTIVE)
        else:
            terms.append(Term(name, value, negative))
    return Query(text=text, terms=tuple(terms), words=tuple(words))


def _tokens(text: str) -> Iterator[tuple[int, str, str, bool]]:
    """Position, field (lower case, empty for a word), value and whether it is negated."""
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TERM.match(text, at)
        if found is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            yield start, "!", text[start:], False
            return
        start = found.end() - len(found.group().lstrip())
        value = found["quoted"] if found["quoted"] is not None else found["bare"]
        yield start, (found["field"] or "").lower(), value, found["minus"] is not None
        at = found.end()


def _problem(name: str, value: str) -> str:
    if name == "!":
        return "A quote is opened and never closed."
    if not name:
        bare = value.removeprefix("-").lower()
        return f"A value is missing after {bare}" if bare.endswith(":") and bare[:-1] in FIELDS else ""
    if name not in FIELDS:
        known = ", ".join(f"{each}:" for each in FIELDS)
        return f"There is no {name}: to search by, but {known} and words; put a text with a colon in quotes."
    allowed = _VALUES.get(name)
    if allowed and value not in allowed:
        return f"{name}: is one of {', '.join(allowed)}; not {value!r}."
    return "" if value else f"A value is missing after {name}:."
