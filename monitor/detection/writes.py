"""Which places an execution set, seen from what it was entered and left with."""

from __future__ import annotations

from typing import Any

from monitor.detection.diff import MISSING, leaf_differs, leaves
from monitor.detection.paths import Location
from monitor.detection.snapshot import Kept, Snapshot


def places_set(before: Kept, after: Snapshot) -> list[Location]:
    """The places whose values were added or changed, in document order; what was removed is not set.

    A place that held a value of another kind (an object where there was a text) was set whole. What
    is absent from a partial `before` may have been there, so it counts as unchanged.
    """
    found: list[Location] = []
    mine, theirs = before.parts, after.parts
    changed = [name for name, new in theirs.items() if (old := mine.get(name)) is None or old.form != new.form]
    for name in sorted(changed):
        value = mine[name].value if name in mine else MISSING
        _walk(value, theirs[name].value, (name,), found, gains=not before.partial)
    return found


def is_hollow(value: object) -> bool:
    """Whether it is an empty object or list: one holds nothing, like the other."""
    return isinstance(value, (dict, list)) and not value


def _walk(before: Any, after: Any, location: Location, found: list[Location], *, gains: bool) -> None:
    kind, other = type(before), type(after)
    if before is MISSING:
        if gains:
            found.extend(place for place, _ in leaves(after, location))
    elif kind is dict and other is dict:
        for name in sorted(after):
            _walk(before.get(name, MISSING), after[name], (*location, name), found, gains=gains)
    elif kind is list and other is list:
        for index, value in enumerate(after):
            old = before[index] if index < len(before) else MISSING
            _walk(old, value, (*location, index), found, gains=gains)
    elif leaf_differs(before, after) and not (is_hollow(before) and is_hollow(after)):
        found.append(location)
