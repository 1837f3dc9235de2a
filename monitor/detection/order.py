"""The order of a run's events: by sequence where every event has one, by time otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitor.detection.event import Event

OrderKey = tuple[int | datetime, bool, str]


def has_sequence(events: Iterable[Event]) -> bool:
    """Whether every event of a run has a `sequence`, so that it decides their order (EVENTS.md)."""
    return all(event.sequence is not None for event in events)


def order_key(event: Event, *, by_sequence: bool) -> OrderKey:
    """The place of an event in its run: sequence or time, then phase (`enter` first), then id."""
    first = event.sequence if by_sequence and event.sequence is not None else event.occurred_at
    return first, event.phase != "enter", event.event_id


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events of one run in the order of EVENTS.md, whatever order they came in."""
    listed = list(events)
    if has_sequence(listed):
        return sorted(listed, key=lambda event: (event.sequence, event.phase != "enter", event.event_id))
    return in_time(listed)


def in_time(events: Iterable[Event]) -> list[Event]:
    """Events by instant, ties by phase and id: the order between runs, and within a reused run id."""
    return sorted(events, key=lambda event: (event.occurred_at, event.phase != "enter", event.event_id))


def once_each(events: Iterable[Event]) -> list[Event]:
    """The events without repetitions: of two with one id the first received stands (EVENTS.md)."""
    kept: dict[str, Event] = {}
    for event in events:
        kept.setdefault(event.event_id, event)
    return list(kept.values())
