"""What the canaries of a project look like: how a text is searched for one that is not known yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.detection.values import is_fingerprint

MAX_STRETCHES = 256
"""Looked at in one text and for one shape; a text with more is full of what only looks like a canary."""

_PREFIX = re.compile(r"[^-_:.]*[-_:.]")


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """Canaries of one kind: what they begin with, up to the first of `- _ : .`, and their length.

    One without such a separator may begin with anything.
    """

    prefix: str
    length: int

    @classmethod
    def of(cls, token: str) -> Shape:
        """The shape of a canary."""
        begin = _PREFIX.match(token)
        return cls(begin.group() if begin else "", len(token))


def stretches(text: str, shapes: Sequence[Shape]) -> Iterator[str]:
    """The stretches of a text that have one of the shapes; of a fingerprint, itself alone (EVENTS.md)."""
    if is_fingerprint(text):
        yield text
        return
    for shape in shapes:
        if len(text) >= shape.length and shape.prefix in text:
            for start in _starts(text, shape):
                yield text[start : start + shape.length]


def _starts(text: str, shape: Shape) -> Iterable[int]:
    last = len(text) - shape.length
    if not shape.prefix:
        yield from range(min(last + 1, MAX_STRETCHES))
        return
    start, left = text.find(shape.prefix), MAX_STRETCHES
    while 0 <= start <= last and left:
        yield start
        start, left = text.find(shape.prefix, start + 1), left - 1
