"""What makes two runs alike: the input and the output of each as a digest, without whose they are.

Source: RULES.md, `divergent-output`: the input is the first context less identity fields, the output is
what the final context adds or changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.diff import MISSING, leaf_changes
from monitor.detection.event import Event, JSONObject
from monitor.detection.paths import Location
from monitor.detection.snapshot import snapshots_of
from monitor.detection.values import value_key


def input_digest(first: Event, context_map: ContextMap | None) -> bytes | None:
    """A digest of a run's input, 16 bytes, equal for equal inputs; None where its first snapshot is partial."""
    return None if first.partial else value_key(nameless(first, context_map))


def output_digest(first: Event, final: Event, context_map: ContextMap | None) -> bytes | None:
    """A digest of what the final context adds to the first or changes in it; None where either is partial."""
    if first.partial or final.partial:
        return None
    changes = leaf_changes(nameless(first, context_map), nameless(final, context_map))
    return value_key([[list(one.location), one.after] for one in changes if one.after is not MISSING])


def nameless(event: Event, context_map: ContextMap | None) -> JSONObject:
    """The event's context less its identity fields; the event's own is left as it is."""
    (snapshot,) = snapshots_of((event,), context_map)
    context: JSONObject = _without(event.context, [mark.location for mark in snapshot.marks])
    return context


def _without(value: Any, places: Iterable[Location]) -> Any:
    """A copy without these places, and without what is empty for want of them.

    An element of a list becomes null, so that its neighbours stay where they are.
    """
    below: dict[str | int, list[Location]] = {}
    for place in places:
        below.setdefault(place[0], []).append(place[1:])
    if not below:
        return value
    if isinstance(value, list):
        return [_rest(item, below.get(index, [])) for index, item in enumerate(value)]
    kept = {name: _rest(item, below.get(name, [])) for name, item in value.items()}
    return {name: item for name, item in kept.items() if not (name in below and (item is None or item == {}))}


def _rest(item: Any, places: list[Location]) -> Any:
    return None if () in places else _without(item, places)
