"""Which values of a run are worth finding again from another run, and when it first held them."""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.identity import Identity
from monitor.detection.paths import Location, Path, render
from monitor.detection.snapshot import Snapshot
from monitor.detection.values import KEY_BYTES, is_empty, value_key

MAX_PLACES = 2_000
HoldingKind = Literal["own", "identity", "watched"]


@dataclass(frozen=True, slots=True)
class Holding:
    """A value that a run held at a path: its 16-byte key, and the event that held it first.

    `kind` is own (the run's own identity), identity (another's) or watched (residue of some map).
    """

    value_key: bytes
    path: str
    kind: HoldingKind
    step: str
    event_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """Which values are indexed for the residue rules of any map of a project.

    These are the values at `must_be_clear` paths, and those of top-level keys that some map's
    `inputs` do not list. Identity values are always indexed.
    """

    paths: tuple[Path, ...] = ()
    listed: frozenset[str] | None = None
    """Top-level keys that every map with `inputs` lists; None where no map has any."""

    @classmethod
    def of(cls, maps: Iterable[ContextMap]) -> Watch:
        """What the maps of one project ask to be watched, whatever their order."""
        paths: dict[str, Path] = {}
        listed: frozenset[str] | None = None
        for one in maps:
            paths.update((promise.path.text, promise.path) for promise in one.must_be_clear)
            if one.inputs is not None:
                listed = frozenset(one.inputs) if listed is None else listed & set(one.inputs)
        return cls(tuple(paths[text] for text in sorted(paths)), listed)

    @property
    def digest(self) -> str:
        """Names this watch: two that watch the same have the same digest."""
        listed = sorted(self.listed) if self.listed is not None else None
        return value_key([[path.text for path in self.paths], listed]).hex()

    def values(self, context: dict[str, Any]) -> dict[Location, Any]:
        """The watched values of a context that are not empty, by place."""
        found: dict[Location, Any] = {}
        if self.listed is not None:
            for key in context.keys() - self.listed:
                found[(key,)] = context[key]
        for path in self.paths:
            found.update(path.find(context))
        return {place: value for place, value in found.items() if not is_empty(value)}


class Held:
    """What a run was seen to hold, event by event: only what is new at a place is reported.

    A value that comes back to a place after another stood there may be reported again.
    """

    __slots__ = ("_last", "_values")

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._values: dict[Location, bytes] = {}

    def take(self, snapshot: Snapshot, own: Identity, watch: Watch) -> Iterable[Holding]:
        """The holdings that this event adds."""
        for mark in snapshot.marks:
            kind: HoldingKind = "own" if mark.text == own.of(mark.kind) else "identity"
            yield from self._new(snapshot.event, mark.location, mark.text, kind)
        if watch.paths or watch.listed is not None:
            for place, value in watch.values(snapshot.event.context).items():
                yield from self._new(snapshot.event, place, value, "watched")

    def _new(self, event: Event, place: Location, value: Any, kind: HoldingKind) -> Iterable[Holding]:
        slot, form = (*place, kind), marshal.dumps(value, 2)
        if self._values.get(slot) == form:
            return
        if len(self._values) >= MAX_PLACES and slot not in self._values:
            return
        self._values[slot] = form
        key, path = value_key(value), render(place)
        name = blake2b(f"{kind[0]}{path}".encode(), digest_size=KEY_BYTES // 2).hexdigest()
        if self._last.get(name) != key.hex():
            if len(self._last) < MAX_PLACES or name in self._last:
                self._last[name] = key.hex()
            yield Holding(key, path, kind, event.step, event.event_id, event.occurred_at)

    def dump(self) -> Any:
        """The state as JSON."""
        return self._last

    @classmethod
    def load(cls, state: Any) -> Held:
        """The state that `dump` gave."""
        held = cls()
        held._last = dict(state)
        return held
