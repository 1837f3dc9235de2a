"""What differs between two contexts, leaf by leaf, and the paths that RULES.md names it by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from monitor.detection.paths import Location
from monitor.detection.values import is_fingerprint

MISSING: Final[Any] = type("Missing", (), {"__slots__": (), "__repr__": lambda _: "MISSING"})()
"""Stands where a context has nothing, which is not null."""


class Change(NamedTuple):
    """A leaf that differs: its place, and its value before and after; MISSING where there was none.

    `replaced` is the place of the object or list that was replaced by a value of another kind, and with
    which this leaf went.
    """

    location: Location
    before: Any
    after: Any
    replaced: Location | None = None


def shown(value: Any) -> Any:
    """A value as an anomaly carries it: JSON has no word for a missing one but null."""
    return None if value is MISSING else value


def leaf_differs(before: Any, after: Any) -> bool:
    """Whether two leaves differ, as JSON values; between a plain value and a fingerprint nothing follows."""
    if before is after:
        return False
    kind, other = type(before), type(after)
    if kind is str and other is str:
        return bool(before != after and before.startswith("fp:") == after.startswith("fp:"))
    if kind is bool or other is bool:
        differs = kind is not other or before != after
    elif (kind is int or kind is float) and (other is int or other is float):
        return bool(before != after)
    elif before is MISSING or after is MISSING:
        return True
    else:
        differs = kind is not other or before != after
    return differs and not is_fingerprint(before) and not is_fingerprint(after)


def leaf_changes(
    before: Any, after: Any, location: Location = (), *, gains: bool = True, losses: bool = True
) -> list[Change]:
    """Every leaf that differs, in document order; an empty object or list is a leaf.

    `gains=False` leaves out what `before` lacks, `losses=False` what `after` lacks: what is absent
    from a partial snapshot proves nothing (EVENTS.md, `partial`).
    """
    found: list[Change] = []
    for change in whole_changes(before, after, location, gains=gains, losses=losses):
        spell_out(change, found)
    return found


def whole_changes(
    before: Any, after: Any, location: Location = (), *, gains: bool = True, losses: bool = True
) -> list[Change]:
    """The same, but what is new or gone as a whole is one change, whatever is in it (`spell_out`)."""
    found: list[Change] = []
    _walk(before, after, location, found, gains, losses)
    return found


def spell_out(change: Change, found: list[Change]) -> None:
    """Appends a change leaf by leaf."""
    location, before, after = change.location, change.before, change.after
    if before is MISSING and isinstance(after, (dict, list)) and after:
        found.extend([Change(place, MISSING, value) for place, value in leaves(after, location)])
    elif after is MISSING and isinstance(before, (dict, list)) and before:
        found.extend([Change(place, value, MISSING, change.replaced) for place, value in leaves(before, location)])
    else:
        found.append(change)


def _walk(  # noqa: PLR0917 - the inner loop of every rule that compares
    before: Any, after: Any, location: Location, found: list[Change], gains: bool, losses: bool
) -> None:
    kind, other = type(before), type(after)
    if kind is dict and other is dict:
        for name in sorted(before.keys() | after.keys()):
            mine, theirs = before.get(name, MISSING), after.get(name, MISSING)
            if type(mine) is not str or mine != theirs:
                _walk(mine, theirs, (*location, name), found, gains, losses)
    elif kind is list and other is list:
        for index in range(max(len(before), len(after))):
            mine = before[index] if index < len(before) else MISSING
            theirs = after[index] if index < len(after) else MISSING
            _walk(mine, theirs, (*location, index), found, gains, losses)
    elif before is MISSING or after is MISSING:
        if gains if before is MISSING else losses:
            found.append(Change(location, before, after))
    elif kind is dict or kind is list or other is dict or other is list:
        _replace(before, after, location, found)
    elif leaf_differs(before, after):
        found.append(Change(location, before, after))


def _replace(before: Any, after: Any, location: Location, found: list[Change]) -> None:
    """Of a value replaced by one of another kind, its leaves are gone, and those of the new one were not there."""
    if isinstance(before, (dict, list)) and before and not is_fingerprint(after):
        found.extend(Change(place, value, MISSING, location) for place, value in leaves(before, location))
    if leaf_differs(before, after):
        for place, value in leaves(after, location):
            found.append(Change(place, before if place == location else MISSING, value))


def leaves(value: Any, location: Location = ()) -> list[tuple[Location, Any]]:
    """The leaves of a value with their places, in document order; an empty object or list is one."""
    found: list[tuple[Location, Any]] = []
    _gather(value, location, found)
    return found


def _gather(value: Any, location: Location, found: list[tuple[Location, Any]]) -> None:
    if type(value) is dict and value:
        for name in sorted(value):
            _gather(value[name], (*location, name), found)
    elif type(value) is list and value:
        for index, item in enumerate(value):
            _gather(item, (*location, index), found)
    else:
        found.append((location, value))


_HERE: Final = None
"""Marks a node of the trie that is a place itself, among its members' names."""


def collapse(places: Iterable[Location], before: Any, after: Any) -> list[Change]:
    """The places as anomalies name them, in document order, with the values of both contexts there.

    Where every leaf of an object or a list below `$` is among the places, its own path stands for
    all of them (RULES.md, "How often a rule fires"); its leaves are those of either context.
    """
    trie: dict[Any, Any] = {}
    for place in places:
        node = trie
        for part in place:
            node = node.setdefault(part, {})
        node[_HERE] = True
    found: list[Change] = []
    _fold(trie, before, after, (), found)
    return found


def _fold(node: dict[Any, Any], before: Any, after: Any, location: Location, found: list[Change]) -> bool:
    """Appends what stands for the node's places; whether they are all of the leaves here."""
    if _HERE in node:
        found.append(Change(location, before, after))
        return True
    start, complete = len(found), True
    for part in sorted(node, key=_by_kind):
        mine, theirs = member(before, part), member(after, part)
        complete = _fold(node[part], mine, theirs, (*location, part), found) and complete
    complete = complete and all(_has_all(node, one) for one in (before, after))
    if complete and location:
        found[start:] = [Change(location, before, after)]
    return complete


def _by_kind(part: str | int) -> tuple[bool, str | int]:
    return isinstance(part, str), part


def member(value: Any, part: str | int) -> Any:
    """The member of an object or list, or MISSING."""
    if isinstance(part, str):
        return value.get(part, MISSING) if isinstance(value, dict) else MISSING
    return value[part] if isinstance(value, list) and 0 <= part < len(value) else MISSING


def at(value: Any, location: Location) -> Any:
    """The value at a place, or MISSING."""
    for part in location:
        value = member(value, part)
        if value is MISSING:
            return MISSING
    return value


def _has_all(node: dict[Any, Any], value: Any) -> bool:
    """Whether every member of a value is in the node."""
    if isinstance(value, dict):
        return len(value) <= len(node) and node.keys() >= value.keys()
    return not isinstance(value, list) or all(index in node for index in range(len(value)))
