"""Keeps the events of a check by run, compressed, in memory that does not grow with their number and size."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from typing import NamedTuple, Self

import msgspec
import zstandard

from ingestion.formats.canonical import check_event
from monitor.detection.event import Event

PENDING_BYTES = 8 * 1024 * 1024
"""Events wait uncompressed up to this size, so that those of a run are compressed together."""
MEMORY_BYTES = 32 * 1024 * 1024
"""Compressed events beyond this size go to a temporary file."""

_AS_TEXTS = msgspec.msgpack.Decoder(list[bytes])


class Place(NamedTuple):
    """Where an event stands: the file as it was named, and the line it begins in, from 1."""

    file: str
    line: int


class _Block(NamedTuple):
    """Some events of one run, compressed, in the temporary file."""

    start: int
    size: int


class Spool:
    """An EventStore of the pure core, filled event by event; of two with one id the first stands.

    What stays in memory is some hundred bytes an event (its id's digest and its place) and a run. Use
    it as a context manager: at the end the temporary file is gone.
    """

    def __init__(self) -> None:
        self.workflows: dict[str, None] = {}
        self._file = SpooledTemporaryFile[bytes](max_size=MEMORY_BYTES)
        self._blocks: dict[str, list[_Block]] = {}
        self._pending: dict[str, list[bytes]] = {}
        self._pending_bytes = 0
        self._end = 0
        self._numbers: dict[bytes, int] = {}
        self._files: list[str] = []
        self._file_numbers = array("L")
        self._lines = array("Q")
        self._compressor = zstandard.ZstdCompressor(level=1)
        self._decompressor = zstandard.ZstdDecompressor()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """How many events there are, each once."""
        return len(self._lines)

    def add(self, event: Event, raw: bytes, place: Place) -> None:
        """Keeps the event, whose checked JSON text is `raw`, unless one with its id is there."""
        digest = _digest(event.event_id)
        if digest in self._numbers:
            return
        self._numbers[digest] = len(self)
        self._remember(place)
        self.workflows.setdefault(event.workflow)
        self._pending.setdefault(event.run_id, []).append(raw)
        self._pending_bytes += len(raw)
        if self._pending_bytes > PENDING_BYTES:
            self._flush()

    def _remember(self, place: Place) -> None:
        if not self._files or self._files[-1] != place.file:
            self._files.append(place.file)
        self._file_numbers.append(len(self._files) - 1)
        self._lines.append(place.line)

    def _flush(self) -> None:
        for run_id, texts in self._pending.items():
            packed = self._compressor.compress(msgspec.msgpack.encode(texts))
            self._file.seek(self._end)
            self._file.write(packed)
            self._blocks.setdefault(run_id, []).append(_Block(self._end, len(packed)))
            self._end += len(packed)
        self._pending = {}
        self._pending_bytes = 0

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All runs, in one order."""
        return tuple(sorted(self._blocks.keys() | self._pending.keys()))

    def events(self, run_id: str) -> Sequence[Event]:
        """A run's events, each once, in order of arrival; none of a run that is not there."""
        return [check_event(raw) for raw in self._texts(run_id)]

    def _texts(self, run_id: str) -> Iterator[bytes]:
        for block in self._blocks.get(run_id, ()):
            self._file.seek(block.start)
            yield from _AS_TEXTS.decode(self._decompressor.decompress(self._file.read(block.size)))
        yield from self._pending.get(run_id, ())

    def place(self, event_id: str) -> Place | None:
        """Where the event with this id stands; None where there is none."""
        number = self._numbers.get(_digest(event_id))
        if number is None:
            return None
        return Place(self._files[self._file_numbers[number]], self._lines[number])


def _digest(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=16).digest()
