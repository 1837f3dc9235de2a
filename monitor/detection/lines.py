"""Lines of steps: what "earlier" means where a run has branches and attempts.

A line is the run's events without a branch, or those of a branch with what came before the fork;
each attempt of a step stands on its own, and later steps follow the last one. Attempts belong
together until an `enter` does not raise the number. Source: RULES.md, "How often a rule fires".

What is remembered is bounded: the latest steps of a line keep their attempts apart, older ones
have become past that no retry can undo.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from monitor.detection.event import Event
from monitor.detection.rounds import Note, Notes, Round, add, copied
from monitor.detection.shelf import Shelf
from monitor.detection.snapshot import Kept, Snapshot

MAX_OPEN_STEPS = 32
MAX_BRANCHES = 32
MAX_NOTES = 2_000

_NONE: Mapping[Any, Note] = {}


class Line:
    """What stood along one line, as the next event of it may know.

    `last` is its last whole snapshot; `is_straight` where the event just before was that one, and saw
    what the next event sees.
    """

    __slots__ = ("_past", "_visible", "is_straight", "last", "rounds")

    def __init__(self, past: Notes | None = None, rounds: dict[str, Round] | None = None) -> None:
        self.last: Kept | None = None
        self.is_straight = False
        self._past: Notes = past or {}
        self.rounds: dict[str, Round] = rounds or {}
        self._visible: Notes = self._merged(None, 0)

    def enter(self, event: Event) -> Round:
        """Moves on to an event; must be called for each, in order, before anything else is asked."""
        round_ = self.rounds.get(event.step)
        if round_ is None:
            round_ = self.rounds[event.step] = Round(event.attempt)
            if len(self.rounds) > MAX_OPEN_STEPS:
                self._close(next(iter(self.rounds)))
        elif event.phase == "enter" and event.attempt <= round_.attempt:
            self._close(event.step)
            unleft = {number: kept for number, kept in round_.unleft.items() if number > event.attempt}
            owed = round_.owed + (event.attempt in round_.unleft)
            round_ = self.rounds[event.step] = Round(event.attempt)
            round_.unleft = unleft
            round_.owed = owed
        elif event.attempt > round_.attempt:
            round_.raise_to(event.attempt)
            self._visible = self._merged(None, 0)
            self.is_straight = False
        elif event.attempt < round_.attempt:
            self.is_straight = False
        return round_

    def _close(self, step: str) -> None:
        round_ = self.rounds.pop(step)
        add(self._past, round_.notes[round_.attempt])

    def _merged(self, late: Round | None, attempt: int) -> Notes:
        merged = copied(self._past)
        for round_ in self.rounds.values():
            add(merged, round_.notes.get(attempt if round_ is late else round_.attempt, {}))
        return merged

    def entered(self, event: Event) -> Kept | None:
        """What the execution that an exit ends was entered with; None where it has left already."""
        round_ = self.rounds[event.step]
        return None if round_.left == event.attempt else round_.entered.get(event.attempt)

    def pass_(self, snapshot: Snapshot) -> None:
        """Ends an event; must be called for each, after all its notes."""
        event = snapshot.event
        if not event.partial:
            self.last = snapshot.kept
        self.is_straight = not event.partial and event.attempt == self.rounds[event.step].attempt
        if snapshot.event.phase == "exit":
            self._leave(snapshot)
        else:
            self._begin(snapshot)

    def _begin(self, snapshot: Snapshot) -> None:
        event = snapshot.event
        round_ = self.rounds[event.step]
        round_.entered[event.attempt] = round_.unleft[event.attempt] = snapshot.kept
        round_.exited.pop(event.attempt, None)

    def earlier(self, event: Event, kind: str) -> Mapping[Any, Note]:
        """What of a kind was noted at the events that come before this one along its line."""
        round_ = self.rounds[event.step]
        notes = self._visible if event.attempt == round_.attempt else self._merged(round_, event.attempt)
        return notes.get(kind, _NONE)

    def note(self, event: Event, kind: str, notes: Mapping[Any, Any], number: int) -> None:
        """Notes what is in `notes`, by what it is about, for the events after; the latest stands."""
        round_ = self.rounds[event.step]
        shares = [round_.notes.setdefault(event.attempt, {})]
        if self._is_repeated(event):
            shares = [self._past, self._visible]
        elif event.attempt == round_.attempt:
            shares.append(self._visible)
        seen = self._visible.setdefault(kind, {})
        if len(seen) + len(notes) > MAX_NOTES:
            room = max(0, MAX_NOTES - len(seen))
            beyond = set([key for key in notes if key not in seen][room:])
            notes = {key: what for key, what in notes.items() if key not in beyond}
        for share in shares:
            about = share.setdefault(kind, {})
            for key, what in notes.items():
                about[key] = number, what

    def unnoted(self, event: Event, kind: str, keys: Iterable[Any]) -> list[Any]:
        """Those of the keys that were noted neither in the past for good nor in this attempt."""
        past, round_ = self._past.get(kind, _NONE), self.rounds[event.step]
        mine = _NONE if self._is_repeated(event) else round_.notes.get(event.attempt, {}).get(kind, _NONE)
        return [key for key in keys if key not in past and key not in mine]

    def _is_repeated(self, event: Event) -> bool:
        """Whether an exit belongs to an execution before: what it shows is past for good.

        That is one of an attempt that has left already or was not entered in this round, or for which
        an earlier execution of the step waits.
        """
        round_ = self.rounds[event.step]
        if event.phase != "exit":
            return False
        return round_.left == event.attempt or event.attempt not in round_.entered or round_.owed > 0

    def _leave(self, snapshot: Snapshot) -> None:
        round_, attempt = self.rounds[snapshot.event.step], snapshot.event.attempt
        if attempt in round_.entered:
            round_.owed = max(0, round_.owed - 1)
        round_.exited[attempt] = round_.unleft.pop(attempt, None), snapshot.kept
        round_.left = attempt

    def fork(self) -> Line:
        """The line of a branch that leaves here."""
        line = Line(copied(self._past), {step: one.copy() for step, one in self.rounds.items()})
        line.last, line.is_straight = self.last, self.is_straight
        return line

    def fork_again(self, main: Line) -> Line:
        """The line of this branch after its join: what came along the main line until now.

        Of the branch itself only that is left which its open steps were entered with.
        """
        line = main.fork()
        for step, round_ in self.rounds.items():
            theirs = line.rounds.get(step)
            if theirs is not None:
                if not round_.is_open_beside(theirs):
                    continue
                line._close(step)
            kept = line.rounds[step] = round_.copy()
            kept.notes = {number: {} for number in kept.notes}
        line._visible = line._merged(None, 0)
        return line

    def dump(self, shelf: Shelf) -> Any:
        """The state as plain data."""
        last = shelf.put(self.last) if self.last is not None else None
        return self._past, {step: one.dump(shelf) for step, one in self.rounds.items()}, last

    @classmethod
    def load(cls, state: Any, shelf: Shelf) -> Line:
        """The state that `dump` gave."""
        past, rounds, last = state
        line = cls(past, {step: Round.load(one, shelf) for step, one in rounds.items()})
        line.last = None if last is None else shelf.get(last)
        return line


class Lines:
    """The lines of a run; a branch leaves the main line at its first event, and again after a join."""

    __slots__ = ("_branches", "_joined", "_main")

    def __init__(self, main: Line | None = None, branches: dict[str, Line] | None = None) -> None:
        self._main = main or Line()
        self._branches = branches or {}
        self._joined: set[str] = set()

    def follow(self, event: Event, joins: Mapping[str, Collection[str]]) -> Line:
        """The event's line, moved on to the event; `joins` names the branches that a step joins."""
        line = self._main
        if event.branch is not None:
            line = self._branch(event.branch)
        elif event.step in joins:
            self._joined.update(joins[event.step])
        line.enter(event)
        return line

    def _branch(self, name: str) -> Line:
        line = self._branches.pop(name, None)
        if line is None:
            line = self._main.fork()
        elif name in self._joined:
            line = line.fork_again(self._main)
        self._joined.discard(name)
        self._branches[name] = line
        if len(self._branches) > MAX_BRANCHES:
            del self._branches[next(iter(self._branches))]
        return line

    def dump(self, shelf: Shelf) -> Any:
        """The state as plain data."""
        branches = {name: line.dump(shelf) for name, line in self._branches.items()}
        return self._main.dump(shelf), branches, sorted(self._joined)

    @classmethod
    def load(cls, state: Any, shelf: Shelf) -> Lines:
        """The state that `dump` gave."""
        main, branches, joined = state
        lines = cls(Line.load(main, shelf), {name: Line.load(line, shelf) for name, line in branches.items()})
        lines._joined = set(joined)
        return lines
