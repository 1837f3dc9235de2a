"""What a run's rules may have looked ahead for (`Scene.later`), so that it is known which events come too late."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event

MAX_RETRIED = 1_000
"""Steps in a further attempt whose earlier attempts are remembered to be still able to leave."""


class Ahead:
    """The steps of a run that were entered for a further attempt, each with the highest one."""

    __slots__ = ("_retried",)

    def __init__(self) -> None:
        self._retried: dict[tuple[str | None, str], int] = {}

    def enter(self, event: Event) -> None:
        """An execution begins; a first attempt begins its step anew."""
        place = event.branch, event.step
        if event.attempt == 1:
            self._retried.pop(place, None)
            return
        self._retried[place] = max(event.attempt, self._retried.pop(place, 0))
        if len(self._retried) > MAX_RETRIED:
            del self._retried[next(iter(self._retried))]

    def is_met_by(self, events: Iterable[Event], context_map: ContextMap | None, *, ended: bool) -> bool:
        """Whether further events say what a rule asked for.

        The late exit of an earlier attempt shows what that attempt left to the later one; a compensation
        that comes after the final event (`ended`) was not missing.
        """
        undoing = set(context_map.compensations.values()) if context_map is not None and ended else ()
        for event in events:
            if event.phase != "exit":
                continue
            if event.attempt < self._retried.get((event.branch, event.step), 0):
                return True
            if event.step in undoing and event.status == "ok":
                return True
        return False

    def dump(self) -> Any:
        """The state as plain data."""
        return self._retried

    @classmethod
    def load(cls, state: Any) -> Ahead:
        """The state that `dump` gave."""
        ahead = cls()
        ahead._retried = state
        return ahead
