"""A compiled core is used only as long as it was made from just these sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from monitor.detection.compiled import FOLDER, STAMP, digest, state

SHOWN = (
    "import monitor.detection.judging as one, monitor.detection.rules.lost_field as other, sys;"
    "print(one.__file__, other.__file__)"
)


@pytest.fixture
def core(tmp_path: Path) -> Path:
    """A copy of the core with what compiling leaves beside two of its modules (no library can load these)."""
    folder = tmp_path / "monitor" / "detection"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.so", STAMP, "__pycache__"))
    for name in ("judging", "rules/lost_field"):
        (folder / f"{name}{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
    (folder / STAMP).write_text(digest(folder))
    return folder


def _edit(core: Path) -> None:
    (core / "judging.py").write_text((core / "judging.py").read_text() + "\n# later\n")


def _add(core: Path) -> None:
    (core / "rules" / "new_rule.py").write_text('"""New."""\n')


def _rename(core: Path) -> None:
    (core / "learning" / "past.py").rename(core / "learning" / "former.py")


def _lose_stamp(core: Path) -> None:
    (core / STAMP).unlink()


def _import_of(core: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SHOWN]
    return subprocess.run(command, cwd=core.parent.parent, capture_output=True, text=True, check=False)


def test_one_of_these_sources_is_fresh_and_taken(core: Path) -> None:
    assert state(core) == "fresh"
    answer = _import_of(core)
    assert answer.returncode == 1
    assert f"judging{EXTENSION_SUFFIXES[0]}" in answer.stderr


@pytest.mark.parametrize("change", [_edit, _add, _rename, _lose_stamp])
def test_after_any_change_it_is_stale_and_never_loaded(core: Path, change: Callable[[Path], None]) -> None:
    change(core)
    assert state(core) == "stale"
    answer = _import_of(core)
    assert answer.stdout.split() == [str(core / "judging.py"), str(core / "rules" / "lost_field.py")]


def test_one_of_another_interpreter_is_none(core: Path) -> None:
    for file in core.rglob("*.so"):
        file.rename(file.with_name(file.name.replace("cpython-", "cpython-9")))
    assert state(core) == "none"


def test_without_one_there_is_none(core: Path) -> None:
    for file in core.rglob("*.so"):
        file.unlink()
    assert state(core) == "none"
