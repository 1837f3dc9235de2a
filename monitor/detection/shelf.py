"""Snapshots put away in a run's state: a member that several of them share is written once."""

from __future__ import annotations

from typing import Any

from monitor.detection.snapshot import Kept, Part


class Shelf:
    """Gives each snapshot a place and, read back, each place its snapshot."""

    __slots__ = ("_forms", "_kept", "_loaded", "_part_places", "_places", "_rows")

    def __init__(self, state: Any = None) -> None:
        forms, self._rows = state or ([], [])
        self._forms: list[bytes] = forms
        self._places: dict[int, tuple[int, Kept]] = {}
        self._part_places: dict[bytes, int] = {}
        self._loaded: list[Part | None] = [None] * len(forms)
        self._kept: dict[int, Kept] = {}

    def put(self, kept: Kept) -> int:
        """The place of a snapshot; the same one for the same object."""
        known = self._places.get(id(kept))
        if known is not None:
            return known[0]
        row = [(name, self._part(part.form)) for name, part in kept.parts.items()]
        self._rows.append((row, kept.partial, kept.step, kept.event_id, kept.occurred_at))
        place = len(self._rows) - 1
        # The object is held too: a number like its id must not come back for another one.
        self._places[id(kept)] = place, kept
        return place

    def _part(self, form: bytes) -> int:
        place = self._part_places.setdefault(form, len(self._forms))
        if place == len(self._forms):
            self._forms.append(form)
        return place

    def get(self, place: int) -> Kept:
        """The snapshot at a place; its members are decoded only when asked for."""
        if place not in self._kept:
            row, *event = self._rows[place]
            self._kept[place] = Kept({name: self._member(part) for name, part in row}, *event)
        return self._kept[place]

    def _member(self, place: int) -> Part:
        part = self._loaded[place]
        if part is None:
            part = self._loaded[place] = Part(self._forms[place])
        return part

    def dump(self) -> Any:
        """The state as plain data; call it after the last `put`."""
        return self._forms, self._rows
