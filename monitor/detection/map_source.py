"""Reads a map's YAML into plain values that remember their line, before anything is checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

MAX_CHARS = 262_144
MAX_NODES = 20_000
MAX_DEPTH = 64
MAX_BRACKETS_OPEN = 200
_BRACKETS = re.compile(r"[\[\]{}]")
_NOT_IN_YAML = re.compile(r"[^\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class MapProblem:
    """One thing wrong with a map: its line from 1 (None: the whole map), the key, and what to do."""

    line: int | None
    key: str
    message: str


class MapError(ValueError):
    """The map is refused whole; `errors` lists every problem with its line and key (MAPS.md)."""

    def __init__(self, errors: tuple[MapProblem, ...]) -> None:
        super().__init__("; ".join(f"line {e.line}: {e.key}: {e.message}" for e in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the map's source: a scalar, a dict of entries or a list of entries, and its line."""

    value: Any
    line: int
    name_lines: dict[str, int]

    def plain(self) -> Any:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {name: entry.plain() for name, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain() for entry in self.value]
        return self.value


def read_source(text: str) -> tuple[Entry, tuple[MapProblem, ...]]:
    """The YAML (or JSON) document as entries, and the keys in it that are given twice.

    Of a key given twice the first stands. Raises MapError for what is no such document.
    """
    if len(text) > MAX_CHARS:
        raise _refusal(1, f"the map is too large: it has more than {MAX_CHARS} characters")
    _check_brackets(text)
    text = _json_as_yaml(text.removeprefix("\ufeff"))
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        raise _refusal(mark.line + 1 if mark else 1, f"no valid YAML: {problem}") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refusal(line, "no valid YAML: a character that YAML does not allow; write it escaped") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise _refusal(1, f"no valid YAML ({type(error).__name__})") from error
    if node is None:
        raise _refusal(1, "the map is empty")
    reader = _Reader()
    return reader.read(node, "$", 0), tuple(reader.problems)


def _json_as_yaml(text: str) -> str:
    """JSON as YAML reads it: tabs between its tokens as spaces, and escaped in its strings what YAML refuses."""
    if not _NOT_IN_YAML.search(text) or not text.lstrip().startswith("{"):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _NOT_IN_YAML.sub(lambda found: " " if found.group() == "\t" else f"\\u{ord(found.group()):04x}", text)


def _check_brackets(text: str) -> None:
    """Refuses what is too deep: the scanner takes seconds over some thousand open brackets."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += 1 if found.group() in "[{" else -1
        if depth > MAX_BRACKETS_OPEN:
            raise _refusal(text.count("\n", 0, found.start()) + 1, "the map is too deep")


def _refusal(line: int, message: str) -> MapError:
    return MapError((MapProblem(line, "$", message),))


class _Reader:
    """Counts what it reads: aliases let a short text stand for an endless one."""

    def __init__(self) -> None:
        self._nodes = 0
        self.problems: list[MapProblem] = []

    def read(self, node: Node, key: str, depth: int) -> Entry:
        """The node and all below it; raises MapError where that is too much."""
        line = node.start_mark.line + 1
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise MapError((MapProblem(line, key, "the map is too large or too deep"),))
        if isinstance(node, MappingNode):
            return self._mapping(node, key, depth, line)
        if isinstance(node, SequenceNode):
            items = [self.read(item, f"{key}[{index}]", depth + 1) for index, item in enumerate(node.value)]
            return Entry(items, line, {})
        return Entry(_scalar(node), line, {})

    def _mapping(self, node: MappingNode, key: str, depth: int, line: int) -> Entry:
        members: dict[str, Entry] = {}
        lines: dict[str, int] = {}
        merged: list[Entry] = []
        for name_node, value_node in node.value:
            name_line = name_node.start_mark.line + 1
            if not isinstance(name_node, ScalarNode):
                raise MapError((MapProblem(name_line, key, "a key must be plain text"),))
            name = _text(name_node.value)
            inner = name if key == "$" else f"{key}.{name}"
            entry = self.read(value_node, inner, depth + 1)
            if _tag(name_node) == "merge":
                merged += self._merged(entry, inner)
            elif name in members:
                what = "step named twice" if key == "steps" else "key given twice"
                self.problems.append(MapProblem(name_line, inner, f"{what}; first in line {lines[name]}"))
            else:
                members[name] = Entry(None, name_line, {}) if entry.value is None else entry
                lines[name] = name_line
        for other in merged:
            members = {**other.value, **members}
            lines = {**other.name_lines, **lines}
        return Entry(members, line, lines)

    def _merged(self, entry: Entry, key: str) -> list[Entry]:
        """The objects that a merge key brings in; of several with one member the first stands."""
        found = entry.value if isinstance(entry.value, list) else [entry]
        if all(isinstance(one.value, dict) for one in found):
            return found
        self.problems.append(MapProblem(entry.line, key, "a merge key takes an object or a list of objects"))
        return []


def _tag(node: Node) -> str:
    return (node.tag or "").rpartition(":")[2]


def _scalar(node: Node) -> Any:
    tag = _tag(node)
    raw = node.value
    try:
        if tag == "int":
            return int(raw.replace("_", ""), 0)
        if tag == "float":
            return float(raw.replace("_", ""))
    except ValueError:
        return raw
    if tag in ("bool", "null"):
        return _WORDS.get(raw.lower(), raw)
    return _text(raw)


def _text(raw: str) -> str:
    """JSON writes characters beyond U+FFFF as two escapes, which YAML leaves as two halves."""
    return raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
