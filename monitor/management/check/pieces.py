"""Cuts a stream of JSON text into its events and numbers their lines; no more than one event is ever held."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import msgspec

from ingestion.formats.canonical import MAX_EVENT_BYTES

ENDLESS_BYTES = 256 * 1024 * 1024
"""What has not ended after so many bytes is no event, and no file of events."""

_SPACE = b" \t\r\n"
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_FLAT = rb'[^"\[\]{}]*(?:' + _STRING + rb'[^"\[\]{}]*)*'
_INNERMOST = rb"[\[{]" + _FLAT + rb"[\]}]"
_TO_SIGN = re.compile(rb'[^"\[\]{},]*(?:' + _STRING + rb'[^"\[\]{},]*)*', re.DOTALL)
_TO_BRACKET = re.compile(rb'[^"\[\]{}]*(?:(?:' + _STRING + rb"|" + _INNERMOST + rb')[^"\[\]{}]*)*', re.DOTALL)
_TO_QUOTE = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
"""None of them can go back far, for what may follow is told by the next byte alone."""
_QUOTE, _COMMA, _BACKSLASH = b'",\\'
_OPENING = b"[{"
_RAW = msgspec.json.Decoder(msgspec.Raw)


class Piece(NamedTuple):
    """One event's JSON text, the line it begins in (from 1), and its size in bytes.

    `raw` is empty where the size is over MAX_EVENT_BYTES.
    """

    line: int
    raw: bytes
    size: int


class NoEvents(ValueError):
    """The text stops being a series of events: from which line on (None: anywhere), and what to do."""

    def __init__(self, line: int | None, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


def pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Each event of a text, which is one event a line, an array, or objects over many lines.

    An event that is no JSON does not cost its neighbours. Raises NoEvents, after the pieces before it.
    """
    line, text = _from_first_sign(iter(chunks))
    head = next(text, b"")
    if not head:
        raise NoEvents(None, "empty: give a file with one event a line, or a JSON array of them ([] for none)")
    if head.startswith(b"["):
        return _of_array(chain([head[1:]], text), line)
    head, text = _two_lines(head, text)
    return (_of_objects if _is_one_over_lines(head) else _of_lines)(chain([head], text), line)


def _from_first_sign(chunks: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    line = 1
    for chunk in chunks:
        text = chunk.lstrip(_SPACE)
        line += chunk.count(b"\n", 0, len(chunk) - len(text))
        if text:
            return line, chain([text], chunks)
    return line, chunks


def _two_lines(head: bytes, rest: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """As much of the text as shows its first line, and the next that holds anything."""
    while len(head) <= MAX_EVENT_BYTES and b"\n" not in head.partition(b"\n")[2].lstrip(_SPACE):
        more = next(rest, b"")
        if not more:
            break
        head += more
    return head, rest


def _is_one_over_lines(head: bytes) -> bool:
    """Whether the object that begins in the first line goes on in the next, which is no event of its own."""
    first, _, rest = head.partition(b"\n")
    first, second = first.rstrip(_SPACE), rest.lstrip(_SPACE).partition(b"\n")[0]
    if not first.startswith(b"{") or _is_json(first) or (second.startswith(b"{") and _is_json(second)):
        return False
    return second.startswith((b'"', b"}", b",", b"]")) or first.endswith((b":", b"["))


def _is_json(text: bytes) -> bool:
    try:
        _RAW.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True


class _Growing:
    """The text of the event that is being read; past the limit it is measured and not kept."""

    def __init__(self, line: int) -> None:
        self.line = line
        self._parts: list[bytes] = []
        self._size = 0
        self._lines_inside = 0

    @property
    def empty(self) -> bool:
        """Whether nothing but blank space has come yet."""
        return self._size == 0

    def add(self, part: bytes) -> None:
        """More of the text; blank space before the event moves its line on."""
        if not self._size:
            text = part.lstrip(_SPACE)
            self.line += part.count(b"\n", 0, len(part) - len(text))
            part = text
        self._size += len(part)
        self._lines_inside += part.count(b"\n")
        if self._size <= MAX_EVENT_BYTES:
            self._parts.append(part)
        elif self._size > ENDLESS_BYTES:
            raise NoEvents(self.line, "no event ends here: give a file with one event a line, or an array of them")
        else:
            self._parts.clear()

    def take(self) -> Piece:
        """The event as a piece; the next one begins where it ended."""
        raw = b"".join(self._parts).rstrip(_SPACE)
        piece = Piece(self.line, raw, len(raw) if self._parts else self._size)
        self.line += self._lines_inside
        self._parts, self._size, self._lines_inside = [], 0, 0
        return piece


def _of_lines(chunks: Iterable[bytes], line: int) -> Iterator[Piece]:
    growing = _Growing(line)
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            growing.add(part)
            if not growing.empty:
                yield growing.take()
            growing.line += 1
        growing.add(rest)
    if not growing.empty:
        yield growing.take()


class _Scan:
    """Finds what structures JSON text, outside its strings, chunk after chunk."""

    def __init__(self) -> None:
        self._quoted = False
        self._escaped = False

    def next(self, chunk: bytes, at: int, *, between: bool) -> int:
        """Where the next sign from `at` on stands; the chunk's length where none does.

        `between` events that is any bracket or comma; inside of one it is a bracket, but none of an object or list
        that holds no other.
        """
        if self._quoted:
            at = self._after_string(chunk, at)
        at = _past(_TO_SIGN if between else _TO_BRACKET, chunk, at)
        if at < len(chunk) and chunk[at] == _QUOTE:
            self._quoted = True
            at = self._after_string(chunk, at + 1)
        return at

    def _after_string(self, chunk: bytes, at: int) -> int:
        if self._escaped and at < len(chunk):
            self._escaped = False
            at += 1
        at = _past(_TO_QUOTE, chunk, at)
        if at >= len(chunk):
            return len(chunk)
        if chunk[at] == _BACKSLASH:
            self._escaped = True
            return len(chunk)
        self._quoted = False
        return at + 1


def _past(pattern: re.Pattern[bytes], chunk: bytes, at: int) -> int:
    found = pattern.match(chunk, at)
    return at if found is None else found.end()


def _of_array(chunks: Iterable[bytes], line: int) -> Iterator[Piece]:
    """The elements of an array whose opening bracket was read."""
    growing, scan, depth, several = _Growing(line), _Scan(), 0, False
    text = iter(chunks)
    for chunk in text:
        start = at = 0
        while (at := scan.next(chunk, at, between=depth == 0)) < len(chunk):
            sign, at = chunk[at], at + 1
            if sign in _OPENING:
                depth += 1
            elif depth:
                depth -= 1
            else:
                growing.add(chunk[start : at - 1])
                if sign == _COMMA or several or not growing.empty:
                    yield growing.take()
                if sign != _COMMA:
                    _check_blank(growing.line, chain([chunk[at:]], text))
                    return
                start, several = at, True
        growing.add(chunk[start:])
    raise NoEvents(growing.line, "the array does not end: was the file cut off? Give it whole")


def _check_blank(line: int, chunks: Iterable[bytes]) -> None:
    if any(chunk.strip(_SPACE) for chunk in chunks):
        raise NoEvents(line, "something stands after the array: give one array, or one event a line")


def _of_objects(chunks: Iterable[bytes], line: int) -> Iterator[Piece]:
    """Objects one after another, each over as many lines as it likes."""
    growing, scan, depth = _Growing(line), _Scan(), 0
    for chunk in chunks:
        start = at = 0
        while (at := scan.next(chunk, at, between=depth == 0)) < len(chunk):
            sign, at = chunk[at], at + 1
            if sign == _COMMA:
                continue
            depth = depth + 1 if sign in _OPENING else max(depth - 1, 0)
            if depth == 0:
                growing.add(chunk[start:at])
                yield growing.take()
                start = at
        growing.add(chunk[start:])
    if not growing.empty:
        raise NoEvents(growing.line, "the event does not end: was the file cut off? Give it whole")
