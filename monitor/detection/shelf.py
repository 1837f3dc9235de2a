"""Snapshots put away in a run's state: a member that several of them share is written once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.detection.snapshot import Kept, Part

Row = tuple[tuple[int, ...], bool, str, str, int]
"""The places of its members; whether it was partial, its step, id, and time in microseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _number(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


class Shelf:
    """Gives each snapshot a place and, read back, each place its snapshot."""

    __slots__ = ("_kept", "_loaded", "_member_places", "_members", "_places", "_rows")

    def __init__(self, state: Any = None) -> None:
        members, rows = state or ([], [])
        self._members: list[tuple[str, bytes]] = members
        self._rows: list[Row] = rows
        self._places: dict[int, tuple[int, Kept]] = {}
        self._member_places: dict[tuple[str, bytes], int] = {}
        self._loaded: list[Part | None] = [None] * len(members)
        self._kept: dict[int, Kept] = {}

    def put(self, kept: Kept) -> int:
        """The place of a snapshot; the same one for the same object."""
        known = self._places.get(id(kept))
        if known is not None:
            return known[0]
        members = tuple([self._member(name, part.form) for name, part in kept.parts.items()])
        self._rows.append((members, kept.partial, kept.step, kept.event_id, _number(kept.occurred_at)))
        place = len(self._rows) - 1
        # The object is held too: a number like its id must not come back for another one.
        self._places[id(kept)] = place, kept
        return place

    def _member(self, name: str, form: bytes) -> int:
        place = self._member_places.setdefault((name, form), len(self._members))
        if place == len(self._members):
            self._members.append((name, form))
        return place

    def get(self, place: int) -> Kept:
        """The snapshot at a place; its members are decoded only when asked for."""
        if place not in self._kept:
            members, partial, step, event_id, at = self._rows[place]
            parts = {self._members[member][0]: self._part(member) for member in members}
            self._kept[place] = Kept(parts, partial, step, event_id, _EPOCH + at * _MICROSECOND)
        return self._kept[place]

    def _part(self, member: int) -> Part:
        part = self._loaded[member]
        if part is None:
            part = self._loaded[member] = Part(self._members[member][1])
        return part

    def dump(self) -> Any:
        """The state as plain data; call it after the last `put`."""
        return self._members, self._rows
