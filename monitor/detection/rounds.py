"""One round of a step on a line: its attempts, with what each noted, entered with and left with."""

from __future__ import annotations

from typing import Any

from monitor.detection.shelf import Shelf
from monitor.detection.snapshot import Kept

MAX_ATTEMPTS = 4

Note = tuple[int, Any]
"""When it was noted, as the number of the event in its run, and what."""
Notes = dict[str, dict[Any, Note]]
"""By the kind of note, then by what it is about."""


class Round:
    """One round of a step: its attempts, each with what it noted, entered with and changed.

    `attempt` is the number of the last one. `entered` is what each attempt was entered with, `unleft`
    the same until it is left, and `exited` what the last execution to leave was entered with, where that
    is known, and left with. `owed` executions of the step were entered before this round and not left.
    """

    __slots__ = ("attempt", "entered", "exited", "left", "notes", "owed", "unleft")

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.left = 0
        self.notes: dict[int, Notes] = {attempt: {}}
        self.entered: dict[int, Kept] = {}
        self.exited: dict[int, tuple[Kept | None, Kept]] = {}
        self.unleft: dict[int, Kept] = {}
        self.owed = 0

    def raise_to(self, attempt: int) -> None:
        """Begins a further attempt."""
        self.attempt = attempt
        self.left = 0
        self.notes[attempt] = {}
        for kept in (self.notes, self.entered, self.exited, self.unleft):
            while len(kept) > MAX_ATTEMPTS:
                # The first attempt is what all others are compared with.
                del kept[sorted(kept)[1]]

    def is_open_beside(self, other: Round) -> bool:
        """Whether something was entered and not left that the other round does not know."""
        known = {kept.event_id for kept in other.entered.values()}
        return any(kept.event_id not in known for kept in self.unleft.values())

    def copy(self) -> Round:
        """The same for a branch that leaves here."""
        other = Round(self.attempt)
        other.left, other.owed = self.left, self.owed
        other.notes = {number: copied(notes) for number, notes in self.notes.items()}
        other.entered, other.exited, other.unleft = dict(self.entered), dict(self.exited), dict(self.unleft)
        return other

    def dump(self, shelf: Shelf) -> Any:
        """The state as plain data."""
        entered = {number: shelf.put(kept) for number, kept in self.entered.items()}
        unleft = {number: shelf.put(kept) for number, kept in self.unleft.items()}
        exited = {
            number: (shelf.put(was) if was else None, shelf.put(now)) for number, (was, now) in self.exited.items()
        }
        return self.attempt, self.left, self.owed, self.notes, entered, exited, unleft

    @classmethod
    def load(cls, state: Any, shelf: Shelf) -> Round:
        """The state that `dump` gave."""
        round_ = cls(0)
        round_.attempt, round_.left, round_.owed, round_.notes, entered, exited, unleft = state
        round_.entered = {number: shelf.get(place) for number, place in entered.items()}
        round_.unleft = {number: shelf.get(place) for number, place in unleft.items()}
        round_.exited = {
            number: (None if was is None else shelf.get(was), shelf.get(now))
            for number, (was, now) in exited.items()
        }
        return round_


def copied(notes: Notes) -> Notes:
    """Notes that can be added to without the ones they were made from."""
    return {kind: dict(about) for kind, about in notes.items()}


def add(notes: Notes, later: Notes) -> None:
    """Adds notes; of two about one thing the later one stands."""
    for kind, about in later.items():
        mine = notes.setdefault(kind, {})
        for key, note in about.items():
            if key not in mine or mine[key][0] <= note[0]:
                mine[key] = note
