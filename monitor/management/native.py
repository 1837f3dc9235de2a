"""Compiles the detection core with mypyc, from the same sources, and puts the result beside them.

Why and how: docs/adr/0010-compiled-core.md.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.util import find_spec
from pathlib import Path

from monitor.detection.compiled import FOLDER, STAMP, digest, products

_SETUP = Path(__file__).with_name("native_setup.py")
_NO_SOURCES = ("__pycache__", "*.so", STAMP)
_TOLD_LINES = 30


class CannotCompile(Exception):
    """Something that compiling needs is not on this machine; the message says what to install."""


class CompilingFailed(Exception):
    """The compiler gave up; the message is the end of what it said."""


def demand_tools() -> None:
    """Raises CannotCompile unless a C compiler, the headers of Python, and mypyc are here."""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    headers = Path(sysconfig.get_path("include"))
    if shutil.which(compiler) is None:
        raise CannotCompile(
            f"There is no C compiler ({compiler}). On Debian and Ubuntu: apt-get install gcc libc6-dev"
        )
    if not (headers / "Python.h").is_file():
        raise CannotCompile(
            f"The headers of Python are not in {headers}. On Debian and Ubuntu: apt-get install python3-dev"
        )
    missing = [name for name in ("mypyc", "setuptools") if find_spec(name) is None]
    if missing:
        raise CannotCompile(f"Python has no {' and no '.join(missing)}. Install all of requirements.txt.")


def compile_core(folder: Path = FOLDER) -> None:
    """Compiles in a temporary folder, then takes the result over; the stamp comes last.

    Raises CannotCompile and CompilingFailed; the sources are used as long as there is no whole result.
    """
    demand_tools()
    made_from = digest(folder)
    with tempfile.TemporaryDirectory(prefix="crosstalk-compile-") as name:
        copy = Path(name) / "monitor" / "detection"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*_NO_SOURCES))
        (copy.parent / "__init__.py").touch()
        command = [sys.executable, "-P", str(_SETUP)]
        answer = subprocess.run(  # noqa: S603 - our own command line, no shell
            command, cwd=name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if answer.returncode:
            raise CompilingFailed("\n".join(answer.stdout.splitlines()[-_TOLD_LINES:]))
        remove(folder)
        for file in products(copy):
            shutil.copyfile(file, folder / file.relative_to(copy))
    (folder / STAMP).write_text(made_from)


def remove(folder: Path = FOLDER) -> None:
    """Removes a compiled core, its stamp first."""
    (folder / STAMP).unlink(missing_ok=True)
    for file in products(folder):
        file.unlink()
