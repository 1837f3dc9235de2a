"""Tells the runs behind one run id apart. Source: RULES.md, "How often a rule fires"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.detection.event import Event
from monitor.detection.order import in_order, in_time, once_each
from monitor.detection.scene import Reused

SplitBy = Literal["execution_id", "session"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the runs behind a run id: what it asserted (None: nothing), and its events in order."""

    asserted: str | None
    events: tuple[Event, ...]

    @property
    def workflow(self) -> str:
        """The workflow it is a run of: its first event's."""
        return self.events[0].workflow

    @property
    def parent_run_id(self) -> str | None:
        """The run that spawned it."""
        return next((event.parent_run_id for event in self.events if event.parent_run_id), None)


@dataclass(frozen=True, slots=True)
class Reuse:
    """The runs behind one run id, by their first event, and what tells them apart (None: only one)."""

    by: SplitBy | None
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, events: Iterable[Event]) -> Reuse:
        """Tells them apart; raises ValueError for no events.

        An event that asserts nothing goes with the one before it by time, else with the first.
        """
        once = once_each(events)
        if not once:
            raise ValueError("a run without an event cannot be judged")
        by = split_by(once)
        if by is None:
            return cls(None, (Part(None, tuple(in_order(once))),))
        timed = in_time(once)
        current = next(one for one in (_said(event, by) for event in timed) if one is not None)
        shares: dict[str, list[Event]] = {}
        for event in timed:
            current = _said(event, by) or current
            shares.setdefault(current, []).append(event)
        return cls(by, tuple(Part(asserted, tuple(in_order(share))) for asserted, share in shares.items()))

    @property
    def parent_run_ids(self) -> tuple[str, ...]:
        """The parents of the runs behind the id: at most one each."""
        return tuple(dict.fromkeys(part.parent_run_id for part in self.parts if part.parent_run_id))

    def seen_at(self, number: int) -> Reused | None:
        """What `run-id-reused` says of the run with this number; None of the first, or the only one."""
        first, this = self.parts[0].asserted, self.parts[number].asserted
        if self.by is None or number == 0 or first is None or this is None:
            return None
        event = next(event for event in self.parts[number].events if _said(event, self.by) == this)
        return Reused(first, this, event.event_id)


def _said(event: Event, by: SplitBy) -> str | None:
    return event.execution_id if by == "execution_id" else event.session


def split_by(events: Sequence[Event]) -> SplitBy | None:
    """What tells the runs behind an id apart: execution ids, else sessions, where two are asserted."""
    if len({event.execution_id for event in events} - {None}) > 1:
        return "execution_id"
    return "session" if len({event.session for event in events} - {None}) > 1 else None
