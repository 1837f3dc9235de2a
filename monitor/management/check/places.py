"""A file's name as other programs want it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

STDIN = "-"


def relative(file: str) -> str:
    """The path from the working directory where the file is below it, else as it was named."""
    path = Path(os.path.normpath(file))
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def uri(file: str) -> str:
    """A URI reference (RFC 3986): relative where `relative` is, `stdin` for the standard input."""
    if file == STDIN:
        return "stdin"
    path = relative(file)
    return Path(path).as_uri() if Path(path).is_absolute() else quote(os.fsencode(path))
