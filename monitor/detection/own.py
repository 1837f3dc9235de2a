"""Which identity is a run's own, learnt event by event. Source: EVENTS.md, "Own identity of a run"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.detection.event import Event
from monitor.detection.identity import KINDS, Identity, Kind
from monitor.detection.snapshot import Mark, Snapshot

_ASSERTED, _MAPPED, _NAMED = 0, 1, 2


def asserted(event: Event, kind: Kind) -> str | None:
    """What the orchestrator asserted in this event, from outside the context."""
    if kind == "execution_id":
        return event.execution_id
    return event.session if kind == "session" else event.tenant


class OwnIdentity:
    """The best source seen so far for each kind: asserted, then the map's path, then a known name.

    Of one source the earliest event counts, so events are learnt in the order of the run.
    """

    __slots__ = ("_best", "_marks")

    def __init__(self) -> None:
        self._best: dict[Kind, tuple[int, str]] = {}
        self._marks: list[Mark] = []

    @property
    def identity(self) -> Identity:
        """The run's own identity as far as the events learnt say it."""
        return Identity(self._text("execution_id"), self._text("session"), self._text("tenant"))

    @property
    def asserted(self) -> Identity:
        """The part of it that was asserted."""
        return Identity(self._asserted("execution_id"), self._asserted("session"), self._asserted("tenant"))

    def _text(self, kind: Kind) -> str | None:
        best = self._best.get(kind)
        return best[1] if best is not None else None

    def _asserted(self, kind: Kind) -> str | None:
        rank, text = self._best.get(kind, (_NAMED, ""))
        return text if rank == _ASSERTED else None

    def learn(self, snapshot: Snapshot) -> None:
        """Takes one more event into account, later than all before."""
        # Of what the event before showed already, nothing more is to be learnt.
        marks = snapshot.marks if snapshot.marks is not self._marks else ()
        self._marks = snapshot.marks
        for kind in KINDS:
            rank = self._best[kind][0] if kind in self._best else _NAMED + 1
            if rank > _ASSERTED and (said := asserted(snapshot.event, kind)):
                self._best[kind] = _ASSERTED, said
            elif rank > _MAPPED and marks:
                self._look(kind, rank, marks)

    def _look(self, kind: Kind, rank: int, marks: Iterable[Mark]) -> None:
        shallowest: Mark | None = None
        for mark in marks:
            if mark.kind != kind:
                continue
            if mark.mapped:
                self._best[kind] = _MAPPED, mark.text
                return
            if shallowest is None or len(mark.location) < len(shallowest.location):
                shallowest = mark
        if shallowest is not None and rank > _NAMED:
            self._best[kind] = _NAMED, shallowest.text

    def keeps(self, snapshots: Iterable[Snapshot]) -> bool:
        """Learns later events; whether what was known before still stands."""
        before = dict(self._best)
        for snapshot in snapshots:
            self.learn(snapshot)
        return all(self._best[kind][1] == text for kind, (_, text) in before.items())

    def dump(self) -> Any:
        """The state as JSON."""
        return {kind: list(best) for kind, best in self._best.items()}

    @classmethod
    def load(cls, state: Any) -> OwnIdentity:
        """The state that `dump` gave."""
        own = cls()
        own._best = {kind: (state[kind][0], state[kind][1]) for kind in KINDS if kind in state}
        return own
