"""Opens what the command line names, compressed or not, and hands it on in chunks: no file is ever held whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ingestion.formats.encodings import Broken, opened

CHUNK_BYTES = 256 * 1024
MOST_TIMES_LARGER = 500
"""gzip reaches 1,032 at most and events about 20: what opens wider is no recording."""
FREE_BYTES = 64 * 1024 * 1024
"""So much may come out of the smallest file."""

_COMPRESSED = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive: unpack it, and name the files in it"),
    (b"\xfd7zXZ\x00", "compressed with xz: unpack it, or compress it with gzip or zstd"),
    (b"BZh", "compressed with bzip2: unpack it, or compress it with gzip or zstd"),
    (b"\xff\xfe", "UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "UTF-16: save it as UTF-8"),
)

Tick = Callable[[int], None]


class CannotOpen(ValueError):
    """A file is not there, or is nothing that can be opened; the message says what to do."""


class Opener:
    """Opens the files of one command; the standard input, `-`, can be read once."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._stdin_is_read = False

    def chunks(self, name: str) -> Iterator[bytes]:
        """The opened bytes of a file, in order; `tick` is told how many of the file's own were read.

        Raises CannotOpen, at the start or at any chunk.
        """
        try:
            if name == "-":
                yield from self._opened(self._stdin())
                return
            with _path(name).open("rb") as file:
                yield from self._opened(file)
        except OSError as error:
            raise CannotOpen(f"cannot be read: {error.strerror or error}") from error
        except Broken as error:
            raise CannotOpen("cannot be read: damaged, or cut off: compress it again") from error

    def _stdin(self) -> BinaryIO:
        if self._stdin_is_read:
            raise CannotOpen("the standard input was named twice: it can be read once")
        self._stdin_is_read = True
        return sys.stdin.buffer

    def _opened(self, file: BinaryIO) -> Iterator[bytes]:
        meter = _Meter(file, self._tick)
        first = next(meter.chunks, b"")
        encoding = next((name for magic, name in _COMPRESSED if first.startswith(magic)), None)
        whole = _with_first(first, meter.chunks)
        return _as_text(whole if encoding is None else _guarded(opened(whole, encoding=encoding), meter))


def _path(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        raise CannotOpen("a directory: name the files in it, like recordings/*.ndjson")
    return path


class _Meter:
    """A file's chunks as they stand there, and how many bytes of it were read."""

    def __init__(self, file: BinaryIO, tick: Tick) -> None:
        self.read_bytes = 0
        self.chunks = self._chunks(file, tick)

    def _chunks(self, file: BinaryIO, tick: Tick) -> Iterator[bytes]:
        while chunk := file.read(CHUNK_BYTES):
            self.read_bytes += len(chunk)
            tick(len(chunk))
            yield chunk


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _guarded(chunks: Iterator[bytes], meter: _Meter) -> Iterator[bytes]:
    """The same bytes in larger chunks, until they are so many more than was read that only a bomb can be."""
    size, held, held_bytes = 0, list[bytes](), 0
    for chunk in chunks:
        held.append(chunk)
        held_bytes += len(chunk)
        size += len(chunk)
        if size > max(FREE_BYTES, MOST_TIMES_LARGER * meter.read_bytes):
            raise CannotOpen(f"opens to more than {MOST_TIMES_LARGER} times its size: give it unpacked")
        if held_bytes >= CHUNK_BYTES:
            yield b"".join(held)
            held, held_bytes = [], 0
    yield b"".join(held)


def _as_text(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks that hold anything, less a byte order mark; refuses what is surely no UTF-8 JSON."""
    filled = (chunk for chunk in chunks if chunk)
    first = next(filled, b"")
    for magic, what in _FOREIGN:
        if first.startswith(magic):
            raise CannotOpen(what)
    yield first.removeprefix(b"\xef\xbb\xbf")
    yield from filled
