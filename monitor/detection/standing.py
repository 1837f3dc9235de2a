"""The path by which an anomaly names places, where more than two contexts say which leaves there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from monitor.detection.diff import MISSING, member
from monitor.detection.paths import Location


def in_document_order(places: Iterable[Location]) -> list[Location]:
    """The places sorted; a list's index and an object's member may meet in two contexts' one place."""
    return sorted(places, key=lambda place: [(isinstance(part, str), part) for part in place])


def standing_for(place: Location, places: Collection[Location], values: Sequence[Any]) -> Location:
    """The path by which an anomaly names one of the places concerned.

    It is that of the outermost object or list below `$` whose every leaf, in each of the values, is
    concerned, else the place itself (RULES.md, "How often a rule fires"). `values` are the top-level
    member of the place in all contexts that count.
    """
    for depth in range(1, len(place)):
        if _is_concerned(place[:depth], values, places):
            return place[:depth]
        values = _inside(values, place[depth])
    return place


def _is_concerned(location: Location, values: Sequence[Any], places: Collection[Location]) -> bool:
    if location in places:
        return True
    parts: set[str | int] = set()
    for value in values:
        parts.update(value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ())
    return bool(parts) and all(_is_concerned((*location, part), _inside(values, part), places) for part in parts)


def _inside(values: Sequence[Any], part: str | int) -> list[Any]:
    return [inner for value in values if (inner := member(value, part)) is not MISSING]
