"""Lines of steps: what "earlier" means where a run has branches and attempts.

A line is the run's events without a branch, or those of a branch with what came before the fork;
each attempt of a step stands on its own, and later steps follow the last one. Attempts belong
together until an `enter` does not raise the number. Source: RULES.md, "How often a rule fires".

What is remembered is bounded: the latest steps of a line keep their attempts apart, older ones
have become past that no retry can undo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.detection.event import Event
from monitor.detection.identity import Kind
from monitor.detection.paths import Location

MAX_OPEN_STEPS = 32
MAX_ATTEMPTS = 4
MAX_BRANCHES = 32
MAX_NOTES = 2_000

Key = tuple[Kind, Location]
"""What is remembered: that the run's own identity of a kind stood at a place."""
Notes = dict[Key, None]


class _Round:
    """One round of a step: its attempts, each with what it noted, and the number of the last."""

    __slots__ = ("attempt", "left", "notes")

    def __init__(self, attempt: int, notes: dict[int, Notes] | None = None, left: int = 0) -> None:
        self.attempt = attempt
        self.left = left
        self.notes: dict[int, Notes] = {attempt: {}} if notes is None else notes

    def raise_to(self, attempt: int) -> None:
        self.attempt = attempt
        self.left = 0
        self.notes[attempt] = {}
        while len(self.notes) > MAX_ATTEMPTS:
            del self.notes[min(self.notes)]


class Line:
    """What stood along one line, as the next event of it may know."""

    __slots__ = ("_past", "_rounds", "_visible")

    def __init__(self, past: Notes | None = None, rounds: dict[str, _Round] | None = None) -> None:
        self._past: Notes = past or {}
        self._rounds: dict[str, _Round] = rounds or {}
        self._visible: Notes = self._merged(None, 0)

    def enter(self, event: Event) -> None:
        """Moves on to an event; must be called for each, in order, before anything else is asked."""
        round_ = self._rounds.get(event.step)
        if round_ is None:
            self._rounds[event.step] = _Round(event.attempt)
            if len(self._rounds) > MAX_OPEN_STEPS:
                self._close(next(iter(self._rounds)))
        elif event.phase == "enter" and event.attempt <= round_.attempt:
            self._close(event.step)
            self._rounds[event.step] = _Round(event.attempt)
        elif event.attempt > round_.attempt:
            round_.raise_to(event.attempt)
            self._visible = self._merged(None, 0)

    def _close(self, step: str) -> None:
        round_ = self._rounds.pop(step)
        self._past.update(round_.notes[round_.attempt])

    def _merged(self, late: _Round | None, attempt: int) -> Notes:
        merged = dict(self._past)
        for round_ in self._rounds.values():
            merged.update(round_.notes.get(attempt if round_ is late else round_.attempt, {}))
        return merged

    def earlier(self, event: Event) -> Mapping[Key, None]:
        """What was noted at the events that come before this one along its line."""
        round_ = self._rounds[event.step]
        if event.attempt == round_.attempt:
            return self._visible
        return self._merged(round_, event.attempt)

    def note(self, event: Event, keys: Iterable[Key]) -> None:
        """Notes what stands at this event, for those after it."""
        round_ = self._rounds[event.step]
        notes = round_.notes.setdefault(event.attempt, {})
        if event.phase == "exit":
            if round_.left == event.attempt:
                notes = self._past
            round_.left = event.attempt
        for key in keys:
            if key in self._past or key in notes:
                continue
            if len(self._visible) >= MAX_NOTES and key not in self._visible:
                continue
            notes[key] = None
            if event.attempt == round_.attempt:
                self._visible[key] = None

    def fork(self) -> Line:
        """The line of a branch that leaves here."""
        rounds = {
            step: _Round(one.attempt, {number: dict(notes) for number, notes in one.notes.items()}, one.left)
            for step, one in self._rounds.items()
        }
        return Line(dict(self._past), rounds)

    def dump(self) -> Any:
        """The state as JSON; a note is written once and then stands by its number."""
        numbers: dict[Key, int] = {}

        def number(notes: Notes) -> list[int]:
            return [numbers.setdefault(key, len(numbers)) for key in notes]

        past = number(self._past)
        rounds = [
            [step, one.attempt, one.left, [[attempt, number(notes)] for attempt, notes in one.notes.items()]]
            for step, one in self._rounds.items()
        ]
        return {"keys": [[kind, list(location)] for kind, location in numbers], "past": past, "rounds": rounds}

    @classmethod
    def load(cls, state: Any) -> Line:
        """The state that `dump` gave."""
        keys: list[Key] = [(kind, tuple(location)) for kind, location in state["keys"]]

        def notes(numbers: list[int]) -> Notes:
            return {keys[number]: None for number in numbers}

        rounds = {
            step: _Round(last, {attempt: notes(numbers) for attempt, numbers in attempts}, left)
            for step, last, left, attempts in state["rounds"]
        }
        return cls(notes(state["past"]), rounds)


class Lines:
    """The lines of a run; a branch leaves the main line at its first event."""

    __slots__ = ("_branches", "_main")

    def __init__(self, main: Line | None = None, branches: dict[str, Line] | None = None) -> None:
        self._main = main or Line()
        self._branches = branches or {}

    def follow(self, event: Event) -> Line:
        """The event's line, moved on to the event."""
        line = self._main
        if event.branch is not None:
            known = self._branches.pop(event.branch, None)
            line = self._branches[event.branch] = known or self._main.fork()
            if len(self._branches) > MAX_BRANCHES:
                del self._branches[next(iter(self._branches))]
        line.enter(event)
        return line

    def dump(self) -> Any:
        """The state as JSON."""
        branches = {name: line.dump() for name, line in self._branches.items()}
        return {"main": self._main.dump(), "branches": branches}

    @classmethod
    def load(cls, state: Any) -> Lines:
        """The state that `dump` gave."""
        branches = {name: Line.load(line) for name, line in state["branches"].items()}
        return cls(Line.load(state["main"]), branches)
