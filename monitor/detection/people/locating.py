"""Finds where the facts of a run stand in its contexts, and what was written there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from monitor.detection.paths import Location
from monitor.detection.people.places import Trail
from monitor.detection.people.seen import Fact
from monitor.detection.people.texts import text_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A leaf of an event: its location, its value as sent, and the fact it is."""

    location: Location
    value: Any
    fact: Fact


def standing(context: Any, facts: Collection[Fact]) -> list[Standing]:
    """Where facts stand in a context, in document order."""
    by_trail: dict[Trail, dict[str | None, Fact]] = {}
    for fact in facts:
        by_trail.setdefault(fact[0].trail, {})[fact[1]] = fact
    found: list[Standing] = []
    for trail, wanted in by_trail.items():
        place = next(iter(wanted.values()))[0]
        for location, value in _along(context, trail, ()) if place.listed else _straight(context, place.names):
            one = wanted.get(text_of(value, id_like=True))
            if one is not None:
                found.append(Standing(location, value, one))
    return sorted(found, key=lambda one: one.location)


def _straight(value: Any, names: tuple[str, ...]) -> Iterable[tuple[Location, Any]]:
    """The leaf at the end of member names alone, if there is one."""
    for name in names:
        if type(value) is not dict or name not in value:
            return ()
        value = value[name]
    return () if isinstance(value, (dict, list)) else ((names, value),)


def _along(value: Any, trail: Trail, location: Location) -> Iterable[tuple[Location, Any]]:
    if not trail:
        if not isinstance(value, (dict, list)):
            yield location, value
    elif trail[0] is None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _along(item, trail[1:], (*location, index))
    elif isinstance(value, dict) and trail[0] in value:
        yield from _along(value[trail[0]], trail[1:], (*location, trail[0]))
