"""What every form of the answer is: a name, a sentence, and lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.management.check.report import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One form of the answer; `write` gives its lines one after another, without their line ends."""

    name: str
    about: str
    write: Callable[[Report], Iterator[str]]
