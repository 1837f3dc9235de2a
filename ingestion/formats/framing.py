"""One body, many events: a JSON object, a JSON array, or one event a line."""

from __future__ import annotations

import json
import re
from typing import Literal

import msgspec

Framing = Literal["json", "ndjson"]

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_RAW = msgspec.json.Decoder(msgspec.Raw)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]|,|"', re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"


class Unreadable(ValueError):
    """The body as a whole is no JSON; the message says what to send."""


def split_events(body: bytes, framing: Framing) -> list[bytes]:
    """The JSON text of each event in a body, in order; raises Unreadable where there is no telling.

    An event that is no JSON does not cost its neighbours: its own check will say so.
    """
    text = body.removeprefix(_BOM)
    if framing == "ndjson":
        return [raw for _, raw in numbered_lines(text)]
    text = text.strip(_SPACE)
    if text[:1] == b"[":
        return _elements(text)
    if text[:1] == b"{":
        _check_whole(text)
        return [text]
    what = "the body is empty" if not text else "the body is neither a JSON object nor an array"
    raise Unreadable(f"{what}: send one context event, or an array of them")


def _check_whole(text: bytes) -> None:
    """A single event that is no JSON is a body that is none; what its check can name better passes."""
    try:
        readable = text.decode()
        _RAW.decode(text)
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start}") from error
    except (msgspec.MsgspecError, RecursionError):
        _check_tolerantly(readable)


def _check_tolerantly(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"no JSON: {error.msg} at character {error.pos}") from error
    except (ValueError, RecursionError):
        return


def numbered_lines(text: bytes) -> list[tuple[int, bytes]]:
    """The lines that hold anything, each with its number from 1."""
    lines = enumerate(text.removeprefix(_BOM).split(b"\n"), start=1)
    return [(number, raw) for number, line in lines if (raw := line.strip(_SPACE))]


def _elements(text: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _ARRAY.decode(text)]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _elements_by_hand(text)


def _elements_by_hand(text: bytes) -> list[bytes]:
    """Splits an array in which some element is no JSON: by its brackets, commas and strings alone."""
    found: list[bytes] = []
    depth, start = 0, 1
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                found.append(text[start : token.start()].strip(_SPACE))
                return _ended(found, rest=text[token.end() :])
        elif sign == b"," and depth == 1:
            found.append(text[start : token.start()].strip(_SPACE))
            start = token.end()
        elif sign == b'"':
            break
    raise Unreadable("the array does not end: was the body cut off? Send it again, whole")


def _ended(found: list[bytes], *, rest: bytes) -> list[bytes]:
    if rest.strip(_SPACE):
        raise Unreadable("something stands after the end of the array: send one array, or one event a line")
    return found
