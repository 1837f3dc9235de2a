"""A progress bar for a person at a terminal; a log of a pipeline gets none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import TextIO

import click

from monitor.management.check.opening import Tick


@contextmanager
def bar(label: str, length: int | None, *, file: TextIO, shown: bool) -> Iterator[Tick]:
    """Shows how much of `length` is done (None: unknown); yields what to call with each further share.

    Nothing is written unless it is to be `shown` and `file` is a terminal.
    """
    if not shown or not file.isatty():
        yield lambda _: None
        return
    endless = repeat(None) if length is None else None
    with click.progressbar(endless, length=length, label=label, file=file) as shown_bar:
        yield shown_bar.update
