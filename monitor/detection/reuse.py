"""Tells the runs behind one run id apart. Source: RULES.md, "How often a rule fires"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.detection.event import Event
from monitor.detection.order import in_order, in_time

SplitBy = Literal["execution_id", "session"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the runs behind a run id: what it asserted (None: nothing), and its events in order."""

    asserted: str | None
    events: tuple[Event, ...]


def split_by(events: Sequence[Event]) -> SplitBy | None:
    """What tells the runs behind an id apart: execution ids, else sessions, where two are asserted."""
    if len({event.execution_id for event in events} - {None}) > 1:
        return "execution_id"
    return "session" if len({event.session for event in events} - {None}) > 1 else None


def parts_of(events: Sequence[Event]) -> tuple[SplitBy | None, tuple[Part, ...]]:
    """The runs behind one run id, by their first event; nearly always one.

    An event that asserts nothing goes with the one before it by time, else with the first.
    """
    by = split_by(events)
    if by is None:
        return None, (Part(None, tuple(in_order(events))),)
    timed = in_time(events)
    said = [event.execution_id if by == "execution_id" else event.session for event in timed]
    current = next(one for one in said if one is not None)
    shares: dict[str, list[Event]] = {}
    for event, asserted in zip(timed, said, strict=True):
        current = asserted or current
        shares.setdefault(current, []).append(event)
    return by, tuple(Part(asserted, tuple(in_order(share))) for asserted, share in shares.items())
