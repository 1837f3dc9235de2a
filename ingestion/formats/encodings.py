"""Compressed bodies, opened in a stream with a limit: a small body may not become a huge one."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import zstandard

ENCODINGS = ("gzip", "zstd")
_GZIP_WINDOW = 31
_MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
_SLICE_BYTES = 512
"""A slice opens to at most 16 MiB (zstd: 4 bytes can stand for a block of 128 KiB)."""


class TooLarge(ValueError):
    """The body, or what it opens to, is over the limit."""


class Broken(ValueError):
    """The body is not what its Content-Encoding says, or was cut off."""


class UnknownEncoding(ValueError):
    """A Content-Encoding that is not taken here."""


class _Opener(Protocol):
    """One compressed frame being opened; both libraries have this shape."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip() -> _Opener:
    return zlib.decompressobj(_GZIP_WINDOW)


def _zstd() -> _Opener:
    return zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW_BYTES).decompressobj()


def read_body(chunks: Iterable[bytes], *, encoding: str, max_bytes: int) -> bytes:
    """The whole body, opened; it is never held with more than `max_bytes` and one slice.

    `encoding` is the Content-Encoding header (empty: none). Several gzip members or zstd frames in a
    row are one body. Raises UnknownEncoding, TooLarge and Broken. Source: RFC 9110, section 8.4.
    """
    name = encoding.strip().lower().removeprefix("x-")
    if name in ("", "identity"):
        return _join(chunks, max_bytes)
    if name not in ENCODINGS:
        raise UnknownEncoding(encoding)
    return _join(opened(chunks, encoding=name), max_bytes)


def opened(chunks: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    """A stream in one of ENCODINGS, opened as it is read: at most 16 MiB at a time. Raises Broken."""
    try:
        yield from _opened(chunks, _gzip if encoding == "gzip" else _zstd)
    except (zlib.error, zstandard.ZstdError) as error:
        raise Broken(f"the body is no {encoding}: send what its Content-Encoding says") from error


def _join(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge
        parts.append(chunk)
    return b"".join(parts)


def _opened(chunks: Iterable[bytes], make: Callable[[], _Opener]) -> Iterator[bytes]:
    opener = make()
    touched = False
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE_BYTES):
            data = chunk[start : start + _SLICE_BYTES]
            while data:
                if opener.eof:
                    opener = make()
                yield opener.decompress(data)
                touched = True
                data = opener.unused_data if opener.eof else b""
    if touched and not opener.eof:
        raise Broken("the compressed body ends too early: send it again, whole")
