"""What is proposed for a map: line by line, each with what it rests on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.detection.values import value_key


@dataclass(frozen=True, slots=True)
class Support:
    """What a line must rest on: at least so many clean runs, and for "always" at least this share of them.

    Lines that must name whatever was seen (`inputs`, `writes`, ...) are proposed for a single
    sighting too, and called rare where more than this share did without.
    """

    min_runs: int = 20
    min_share: float = 0.95

    def is_rare(self, seen: int, of: int) -> bool:
        """Whether so many sightings are so few that a person should look at what was seen."""
        return of - seen > of * self.min_share


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a proposed map: an element of the list at `at`, or that this list is empty (None).

    `at` are the names from the top of the map: ("steps", "LoadCart", "writes"). `value` is a text, or
    an object where the list holds objects. It was `seen` in so many `of` the `units`. `note` says
    what a person should know before adopting it; `rare` marks a line that few sightings back.
    """

    at: tuple[str, ...]
    value: str | Mapping[str, Any] | None
    seen: int
    of: int
    units: str = "runs"
    note: str = ""
    rare: bool = False

    @property
    def place(self) -> str:
        """Where in the map it stands: `steps.LoadCart.writes`."""
        return ".".join(self.at)

    @property
    def key(self) -> str:
        """The name of the line, by which it is picked: `steps.LoadCart.writes:$.cart`."""
        if self.value is None:
            return f"{self.place}:[]"
        text = self.value if isinstance(self.value, str) else json.dumps(self.value, sort_keys=True)
        return f"{self.place}:{text}"

    @property
    def basis(self) -> str:
        """What it rests on, in a few words: `in 412 of 412 runs`."""
        words = f"in {self.seen} of {self.of} {self.units}"
        if self.value is None:
            return f"{self.note} {words}"
        return f"{words}; {self.note}" if self.note else words


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of the map that is not proposed, and why."""

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed map: its lines in the order of MAPS.md, and what was left out.

    `runs` are the clean runs of the workflow that it was learned from, `events` theirs and their relatives'.
    """

    workflow: str
    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]
    runs: int
    events: int

    @property
    def digest(self) -> str:
        """Names what is proposed, not how often it was seen: it changes when a line comes or goes."""
        return value_key([self.workflow, sorted(line.key for line in self.lines)]).hex()


def as_plain(workflow: str, lines: Iterable[Line]) -> dict[str, Any]:
    """The lines as the map that they make up."""
    plain: dict[str, Any] = {"version": 1, "workflow": workflow}
    for line in lines:
        put(plain, line)
    return plain


def put(plain: dict[str, Any], line: Line, *, new_list: Callable[[], list[Any]] = list) -> None:
    """Adds a line to a map in its plain form, beside whatever stands there."""
    node = plain
    for name in line.at[:-1]:
        inner = node.get(name)
        if inner is None:
            inner = node[name] = {}
        node = inner
    listed = node.setdefault(line.at[-1], new_list())
    if line.value is not None:
        listed.append(line.value if isinstance(line.value, str) else dict(line.value))
