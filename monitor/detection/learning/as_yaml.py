"""Writes a proposed map as YAML for people, with what each line rests on beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.detection.learning.proposal import Line, as_plain

_PLAIN = re.compile(r"\$(\.[A-Za-z_][A-Za-z0-9_]*)*\Z|[A-Za-z_][A-Za-z0-9_./-]*\Z")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_INDENT = "  "

Basis = Mapping[tuple[tuple[str, ...], int], Line]
"""Lines by their list and their place in it."""


def as_yaml(workflow: str, lines: Sequence[Line], *, heading: Sequence[str] = ()) -> str:
    """The map that the lines make up; `parse_map` reads it. `heading` goes above it as comments."""
    plain = as_plain(workflow, lines)
    written = [f"# {_printable(text)}" for text in heading]
    written += _object(plain, (), "", _basis(lines))
    return "\n".join(written) + "\n"


def _printable(text: str) -> str:
    """Names that senders chose may hold line ends, which would end the comment."""
    return "".join(char if char.isprintable() else " " for char in text)


def _basis(lines: Sequence[Line]) -> Basis:
    found: dict[tuple[tuple[str, ...], int], Line] = {}
    counts: dict[tuple[str, ...], int] = {}
    for line in lines:
        place = counts.get(line.at, 0)
        found[line.at, place] = line
        counts[line.at] = place + 1
    return found


def _object(node: Mapping[str, Any], at: tuple[str, ...], indent: str, basis: Basis) -> Iterator[str]:
    for name, value in node.items():
        here, key = (*at, name), f"{indent}{text_of(name)}:"
        if isinstance(value, Mapping):
            yield key
            yield from _object(value, here, indent + _INDENT, basis)
        elif not isinstance(value, list):
            yield f"{key} {text_of(value)}"
        elif not value:
            yield f"{key} []{_comment(basis.get((here, 0)))}"
        else:
            yield key
            for place, item in enumerate(value):
                yield f"{indent}{_INDENT}- {_item(item)}{_comment(basis.get((here, place)))}"


def _item(item: Any) -> str:
    if not isinstance(item, Mapping):
        return text_of(item)
    members = (f"{text_of(name)}: {_inline(value)}" for name, value in item.items())
    return "{" + ", ".join(members) + "}"


def _inline(value: Any) -> str:
    return "[" + ", ".join(map(text_of, value)) + "]" if isinstance(value, list) else text_of(value)


def _comment(line: Line | None) -> str:
    return f"  # {line.basis}" if line is not None else ""


def text_of(value: Any) -> str:
    """A text or number as YAML writes it: bare where nothing else could be meant, else quoted as in JSON."""
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)
