"""What the branches of a section wrote, by place: which of it an event holds is found in one walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from monitor.detection.diff import MISSING
from monitor.detection.paths import Location
from monitor.detection.section import Section
from monitor.detection.values import same

_HERE: Final = None
"""Marks what was written at a node of the tree itself, among the names of its members."""


class Write(NamedTuple):
    """What a branch wrote at a place: the exits that did, as their numbers in the section, and the values.

    `order` numbers the places written: by branch, in the order of the map, and then as they were written.
    """

    order: int
    branch: str
    place: Location
    exits: Sequence[tuple[int, Any]]

    def writer(self, value: Any) -> int | None:
        """The first exit that wrote this value."""
        return next((number for number, written in self.exits if same(value, written)), None)


Met = tuple[Sequence[Write], Any]
"""All that was written at one place, and the value that an event holds there."""


class WriteTree:
    """The places that the exits from number `since` and before number `until` wrote."""

    __slots__ = ("_root", "_section")

    def __init__(
        self, section: Section, branches: Iterable[str], *, since: int = 0, until: int | None = None
    ) -> None:
        self._section = section
        self._root: dict[Any, Any] = {}
        written = section.written(since=since, until=until)
        order = 0
        for branch in dict.fromkeys(branches):
            for place, exits in written.get(branch, {}).items():
                values = [(one, section.value(one, place)) for one in exits]
                self._add(Write(order, branch, place, values))
                order += 1

    def _add(self, write: Write) -> None:
        node = self._root
        for part in write.place:
            node = node.setdefault(part, {})
        node.setdefault(_HERE, []).append(write)

    def met_by(self, number: int) -> list[Met]:
        """The places written at which an event that differs from before the fork holds something."""
        met: list[Met] = []
        for name in self._root.keys() & self._section.members(number).keys():
            _meet(self._section.value(number, (name,)), self._root[name], met)
        return met


def _meet(value: Any, node: dict[Any, Any], met: list[Met]) -> None:
    if _HERE in node and value is not MISSING:
        met.append((node[_HERE], value))
    if isinstance(value, dict):
        for name in value.keys() & node.keys():
            _meet(value[name], node[name], met)
    elif isinstance(value, list):
        for index, below in node.items():
            if isinstance(index, int) and index < len(value):
                _meet(value[index], below, met)
