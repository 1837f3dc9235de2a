"""What a run held, as plain data that can be kept and read back. It holds people's values as they compare."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.people.leaves import LeafReader
from monitor.detection.people.places import Place
from monitor.detection.people.seen import SeenRun
from monitor.detection.runs import Run

FORMAT = 1
"""Kept data of another format must be read from the run's events again; so must that of other rules for texts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def dump(seen: SeenRun) -> Any:
    """A run as it was read, before `inherit`, as lists of texts and integers (times in microseconds UTC)."""
    first, run_id, number = seen.key
    return [
        run_id,
        number,
        seen.workflow,
        seen.session,
        _micros(first),
        _micros(seen.ended_at),
        [[index, _micros(at)] for index, at in seen.times.items()],
        [list(name) for name in seen.ancestors],
        [[place.trail, place.searched, *_flat(held)] for place, held in seen.places.items()],
    ]


def load(kept: Any, reader: LeafReader, context_map: ContextMap | None, again: Callable[[], Run]) -> SeenRun:
    """The run that `dump` gave, with the places of a reader; `context_map` is that of its workflow.

    `again` gives the run itself.
    """
    run_id, number, workflow, session, first, ended, times, ancestors, places = kept
    book = reader.book(workflow, context_map)
    held: dict[Place, dict[str, int]] = {}
    for trail, searched, *flat in places:
        place = book.along(trail).place
        if searched:
            book.call_private(place, searched)
        held[place] = {sys.intern(text): index for text, index in zip(flat[::2], flat[1::2], strict=True)}
    return SeenRun(
        key=(_time(first), run_id, number),
        workflow=workflow,
        session=session,
        times={index: _time(at) for index, at in times},
        ended_at=_time(ended),
        ancestors=tuple((name, count) for name, count in ancestors),
        places=held,
        load=again,
    )


def _flat(held: dict[str, int]) -> list[str | int]:
    return [one for item in held.items() for one in item]


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND
