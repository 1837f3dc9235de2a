"""Whether a compiled core lies beside the sources, and whether it was made from them.

`manage.py compile_core` makes one (docs/adr/0010-compiled-core.md). It is used only as long as its stamp
says what the sources are: after any change, and after a build that was cut short, the sources count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import blake2b
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent
STAMP = "compiled.stamp"
"""The file that says from which sources the compiled core was made."""

State = Literal["none", "fresh", "stale"]


def state(folder: Path = FOLDER) -> State:
    """Whether there is a compiled core for this interpreter, and whether it was made from these sources."""
    stamp = folder / STAMP
    if not any(file.name.endswith(EXTENSION_SUFFIXES[0]) for file in products(folder)):
        return "none"
    return "fresh" if stamp.is_file() and stamp.read_text() == digest(folder) else "stale"


def digest(folder: Path = FOLDER) -> str:
    """What all sources of the core are, in one text: it changes with any name and any byte of them."""
    hashed = blake2b(digest_size=16)
    for file in sorted(folder.rglob("*.py")):
        content = file.read_bytes()
        hashed.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        hashed.update(content)
    return hashed.hexdigest()


def products(folder: Path = FOLDER) -> Iterator[Path]:
    """The files of a compiled core, for whichever interpreter; without its stamp."""
    return folder.rglob("*.so")


def use_sources(folder: Path = FOLDER) -> None:
    """Has every later import of the core take its sources, whatever lies beside them."""
    for inner in (folder, *(path for path in folder.iterdir() if path.is_dir())):
        finder = FileFinder(str(inner), (SourceFileLoader, SOURCE_SUFFIXES))
        sys.path_importer_cache[str(inner)] = finder


def in_use() -> bool:
    """Whether this process judges with a compiled core."""
    spec = find_spec("monitor.detection.engine")
    return spec is not None and spec.origin is not None and not spec.origin.endswith(".py")
