"""Which steps of a run are at work at the same time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from monitor.detection.event import Event

MAX_AT_WORK = 48
MAX_NAMES = 96

Execution = tuple[str | None, str, int]
"""Branch, step and attempt."""


class AtWork:
    """The executions that were entered and not left, each with the other steps that it met so far.

    The steps that an execution met are bits of a number, so that a hundred at once cost little.
    """

    __slots__ = ("_bits", "_open")

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._open: list[tuple[Execution, int]] = []

    def enter(self, event: Event) -> None:
        """An execution begins; it meets all that are at work."""
        bits, met = self._bits, 0
        if self._open:
            if len(bits) >= MAX_NAMES:
                self._forget()
                bits = self._bits
            mine = bits.setdefault(event.step, 1 << len(bits))
            for place, (execution, before) in enumerate(self._open):
                # More names than MAX_NAMES only for those at work: at most as many again.
                met |= bits.setdefault(execution[1], 1 << len(bits))
                self._open[place] = execution, before | mine
        self._open.append(((event.branch, event.step, event.attempt), met))
        del self._open[:-MAX_AT_WORK]

    def leave(self, event: Event, *, entered: bool) -> Collection[str]:
        """The execution that was entered last ends; the steps that it met.

        One whose enter is not known (`entered` is false) was at work until now all the same: those
        that still are have met it.
        """
        me = event.branch, event.step, event.attempt
        for place in range(len(self._open) - 1 if entered else -1, -1, -1):
            if self._open[place][0] == me:
                met = self._open.pop(place)[1]
                return [name for name, bit in self._bits.items() if met & bit] if met else ()
        if self._open:
            if len(self._bits) >= MAX_NAMES:
                self._forget()
            mine = self._bits.setdefault(event.step, 1 << len(self._bits))
            self._open = [(execution, met | mine) for execution, met in self._open]
        return ()

    def _forget(self) -> None:
        """Keeps the latest half of the names that are still of use, under new bits."""
        every = 0
        for _, met in self._open:
            every |= met
        used = [name for name, bit in self._bits.items() if every & bit][-MAX_NAMES // 2 :]
        names = {name: self._bits[name] for name in used}
        fresh = {name: 1 << place for place, name in enumerate(names)}
        self._open = [
            (execution, sum(fresh[name] for name, bit in names.items() if met & bit))
            for execution, met in self._open
        ]
        self._bits = fresh

    def dump(self) -> Any:
        """The state as plain data."""
        return list(self._bits), self._open

    @classmethod
    def load(cls, state: Any) -> AtWork:
        """The state that `dump` gave."""
        names, executions = state
        work = cls()
        work._bits = {name: 1 << place for place, name in enumerate(names)}
        work._open = [(tuple(execution), met) for execution, met in executions]
        return work
