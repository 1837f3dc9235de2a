"""Which steps of a run are at work at the same time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from monitor.detection.event import Event

MAX_AT_WORK = 64

Execution = tuple[str | None, str, int]
"""Branch, step and attempt."""


class AtWork:
    """The executions that were entered and not left, each with the other steps that it met so far."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: list[tuple[Execution, set[str]]] = []

    def enter(self, event: Event) -> None:
        """An execution begins; it meets all that are at work."""
        met = set()
        for (_, step, _), steps in self._open:
            steps.add(event.step)
            met.add(step)
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
                return self._open.pop(place)[1]
        for _, steps in self._open:
            steps.add(event.step)
        return ()

    def dump(self) -> Any:
        """The state as plain data."""
        return [(execution, sorted(met)) for execution, met in self._open]

    @classmethod
    def load(cls, state: Any) -> AtWork:
        """The state that `dump` gave."""
        work = cls()
        work._open = [(tuple(execution), set(met)) for execution, met in state]
        return work
