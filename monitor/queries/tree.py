"""A context as a tree to look at: bounded, folded, with the places that matter marked and unfolded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.detection.identity import DEFAULT_NAMES, Identity
from monitor.detection.paths import render
from monitor.detection.values import identity_text

ROWS = 400
MEMBERS = 40
DEPTH = 12
CHARS = 160


@dataclass(frozen=True, slots=True)
class Mark:
    """How a place is shown: `state` is foreign, own, changed or removed; `word` says it in text."""

    state: str
    word: str


@dataclass(frozen=True, slots=True)
class Node:
    """One row. `text` is a leaf's value, `more` a container's size; `left_out` members are not shown."""

    key: str
    path: str
    text: str = ""
    more: str = ""
    mark: Mark | None = None
    children: tuple[Node, ...] = ()
    left_out: int = 0
    unfolded: bool = False
    whole: str = ""
    """The uncut text of a leaf that was cut, for its title."""


@dataclass(slots=True)
class _Drawing:
    marks: Mapping[str, Mark]
    own: Identity
    left: int
    seen: set[str] = field(default_factory=set)

    def leads(self, path: str) -> bool:
        """Whether a marked place lies here or below."""
        return any(mark == path or mark.startswith((path + ".", path + "[")) for mark in self.marks)


def tree(
    context: Mapping[str, Any], *, marks: Mapping[str, Mark], own: Identity, rows: int = ROWS
) -> tuple[Node, ...]:
    """The members of a context in their order; marked places are shown whatever the bounds.

    A marked path that the context lacks (something lost) stands at the end of what it was part of,
    as far as that exists.
    """
    drawing = _Drawing(marks, own, rows)
    return _members(context, "$", 1, drawing)


def left_out(context: Mapping[str, Any], nodes: Iterable[Node]) -> int:
    """How many top-level keys the tree leaves out."""
    shown = {node.key for node in nodes}
    return sum(key not in shown for key in context)


def _members(container: Any, path: str, depth: int, drawing: _Drawing) -> tuple[Node, ...]:
    pairs = list(container.items()) if isinstance(container, Mapping) else list(enumerate(container))
    nodes = []
    for at, (key, value) in enumerate(pairs):
        child = path + render((key,))[1:]
        wanted = drawing.leads(child)
        if not wanted and (at >= MEMBERS or drawing.left <= 0):
            continue
        drawing.left -= 1
        nodes.append(_node(str(key), child, value, depth, drawing, unfolded=wanted))
    return (*nodes, *_missing(path, drawing))


def _missing(path: str, drawing: _Drawing) -> Iterable[Node]:
    """Marked members of this container that it does not have."""
    for marked, mark in drawing.marks.items():
        if marked in drawing.seen or mark.state != "removed":
            continue
        parent, _, key = marked.rpartition(".")
        if parent == path:
            drawing.seen.add(marked)
            yield Node(key=key, path=marked, text="missing", mark=mark)


def _node(key: str, path: str, value: Any, depth: int, drawing: _Drawing, *, unfolded: bool) -> Node:
    mark = drawing.marks.get(path) or _own_mark(key, value, drawing.own)
    if path in drawing.marks:
        drawing.seen.add(path)
    if not isinstance(value, (dict, list)) or not value:
        text = json.dumps(value, ensure_ascii=False)
        cut = len(text) > CHARS
        return Node(key, path, text[:CHARS] + "…" if cut else text, mark=mark, whole=text[:2000] if cut else "")
    more = f"{{{len(value)}}}" if isinstance(value, dict) else f"[{len(value)}]"
    deeper = depth < DEPTH and (drawing.left > 0 or unfolded)
    children = _members(value, path, depth + 1, drawing) if deeper else ()
    return Node(
        key,
        path,
        more=more,
        mark=mark,
        children=children,
        left_out=max(len(value) - len(children), 0),
        unfolded=unfolded,
    )


def _own_mark(key: str, value: Any, own: Identity) -> Mark | None:
    kind = DEFAULT_NAMES.get(key)
    text = identity_text(value)
    return Mark("", "own") if kind and text is not None and text == own.of(kind) else None
