"""What this process remembers of each project's crowd: facts that did not change are not decoded again."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
import zstandard

from monitor.detection.context_map import ContextMap
from monitor.detection.people import keeping
from monitor.detection.people.leaves import LeafReader
from monitor.detection.people.seen import SeenRun
from monitor.detection.runs import Run as RunBehind
from monitor.detection.views import RunView

KEPT_PROJECTS = 4
KEPT_VIEWS_BYTES = 4 * 1024 * 1024
"""Of the contexts, as JSON, of runs that are kept taken apart: those in which something is foreign, and whence."""
MOST_PLACES = 200_000
"""Senders may name members at random: with so many places a memory begins anew."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder()


class FactsMoved(Exception):
    """Events that were stored before were not seen when the run was read: `run_pk` is to be read again."""

    def __init__(self, run_pk: int) -> None:
        super().__init__(run_pk)
        self.run_pk = run_pk


@dataclass(frozen=True, slots=True)
class Facts:
    """What the runs behind one run id held, with the digest by which a change is noticed.

    They rest on `events` events, of which `last_pk` is the highest primary key.
    """

    digest: int
    events: int
    last_pk: int
    parts: tuple[SeenRun, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run taken apart, with the bytes of its contexts as JSON; `events` and `last_pk` as in its facts."""

    view: RunView
    context_bytes: int
    events: int
    last_pk: int


def pack(loaded: Loaded, parts: Sequence[SeenRun]) -> tuple[Facts, bytes]:
    """The facts of a run as they were just read, and as they are stored."""
    head = [keeping.FORMAT, loaded.events, loaded.last_pk]
    body = _ENCODER.encode([*head, *(keeping.dump(part) for part in parts)])
    family = repr([one.family for one in loaded.view.runs if one.family.ancestors or one.family.descendants])
    digest = blake2b(body + family.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    packed = zstandard.ZstdCompressor(level=3, write_checksum=False).compress(body)
    number = int.from_bytes(digest, "big", signed=True)
    return Facts(number, loaded.events, loaded.last_pk, tuple(parts)), packed


@dataclass(slots=True)
class Memory:
    """One project's facts and taken-apart runs, by the primary key of the run; `maps` are those in force."""

    maps: Mapping[str, ContextMap]
    reader: LeafReader = field(default_factory=LeafReader)
    facts: dict[int, Facts] = field(default_factory=dict)
    _views: OrderedDict[int, tuple[int, RunView, int]] = field(default_factory=OrderedDict)
    _views_bytes: int = 0

    def unpack(self, digest: int, packed: bytes, again: Callable[[int], RunBehind]) -> Facts | None:
        """Facts as they were stored, None where another format was; `again` gives a run by its number."""
        version, events, last_pk, *kept = _DECODER.decode(zstandard.ZstdDecompressor().decompress(packed))
        if version != keeping.FORMAT:
            return None
        return Facts(digest, events, last_pk, tuple(self._load(one, again) for one in kept))

    def _load(self, kept: Any, again: Callable[[int], RunBehind]) -> SeenRun:
        number, workflow = kept[1], kept[2]
        return keeping.load(kept, self.reader, self.maps.get(workflow), partial(again, number))

    def seen(self, run_pks: Iterable[int]) -> list[SeenRun]:
        """The runs of these keys, each a copy that one judgement may add to."""
        return [copy.copy(part) for pk in run_pks if pk in self.facts for part in self.facts[pk].parts]

    def view(self, run_pk: int) -> RunView | None:
        """The run taken apart, where it is kept and as its facts say."""
        kept = self._views.get(run_pk)
        if kept is None or run_pk not in self.facts or kept[0] != self.facts[run_pk].digest:
            return None
        self._views.move_to_end(run_pk)
        return kept[1]

    def keep_view(self, run_pk: int, loaded: Loaded) -> None:
        """Keeps a run taken apart, and lets go of those that were not asked for longest."""
        self._drop_view(run_pk)
        self._views[run_pk] = self.facts[run_pk].digest, loaded.view, loaded.context_bytes
        self._views_bytes += loaded.context_bytes
        while self._views_bytes > KEPT_VIEWS_BYTES and len(self._views) > 1:
            self._drop_view(next(iter(self._views)))

    def _drop_view(self, run_pk: int) -> None:
        gone = self._views.pop(run_pk, None)
        if gone is not None:
            self._views_bytes -= gone[2]

    def forget_all_but(self, run_pks: Iterable[int]) -> None:
        """Lets go of the facts of runs that are no longer in the crowd."""
        self.facts = {pk: self.facts[pk] for pk in run_pks if pk in self.facts}


_memories: OrderedDict[int, Memory] = OrderedDict()


def memory_of(project_pk: int, maps: Mapping[str, ContextMap]) -> Memory:
    """This process's memory of a project; a new one where its maps have changed, as they say what is private."""
    memory = _memories.pop(project_pk, None)
    if memory is None or memory.maps != maps or memory.reader.places > MOST_PLACES:
        memory = Memory(maps)
    _memories[project_pk] = memory
    while len(_memories) > KEPT_PROJECTS:
        _memories.popitem(last=False)
    return memory


def forget_all() -> None:
    """Lets this process begin anew, as if it had just been started."""
    _memories.clear()
