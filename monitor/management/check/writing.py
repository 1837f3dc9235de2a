"""Writes the answer, line by line, to the standard output or to a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

from monitor.management.check.report import UNREADABLE


def write_out(lines: Iterable[str], out: OutputWrapper) -> None:
    """To the standard output; whoever stops reading it in the middle has read enough."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        for line in lines:
            out.write(line.encode(encoding, "backslashreplace").decode(encoding))
        out.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(lines: Iterable[str], path: Path) -> None:
    """To a file, in place of what it held; raises OSError."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(f"{line}\n" for line in lines)


def check_writable(path: Path, read: Sequence[str]) -> None:
    """Raises CommandError, before anything is read, where `path` is no place to write to, or is `read`."""
    if path.is_dir() or not path.parent.is_dir():
        raise CommandError(f"--output {path}: name a file in a folder that exists", returncode=UNREADABLE)
    if path.exists() and any(Path(name).exists() and path.samefile(name) for name in read):
        raise CommandError(f"--output {path}: is one of the files to read; name another", returncode=UNREADABLE)
