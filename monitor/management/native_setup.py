"""The build of the compiled core. `native.compile_core` runs it as a program, in a copy of the sources."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from mypyc.build import mypycify
from setuptools import setup  # type: ignore[import-untyped] # its types are a package of their own, for three uses
from setuptools.command.build_ext import build_ext  # type: ignore[import-untyped] # as above

PACKAGE = Path("monitor/detection")
LEFT_OUT = frozenset(
    {"__init__", "catalogue", "collector", "compiled", "event", "map_reading", "map_source", "maps", "schemas"}
)
"""Read or asked once a process or a map, most of it by libraries: nothing would be faster.

Events are left out because msgspec decodes into them, and reads their defaults off the class.
"""
LEFT_OUT_ROOMS = frozenset({"learning"})
GROUP = "monitor.detection.core"
"""One library for all, so that its functions call each other directly; each module is a small file beside it."""


class BuildInParallel(build_ext):  # type: ignore[misc] # as above
    """Compiles as many C files at a time as there are cores; setuptools itself takes one after the other."""

    def build_extensions(self) -> None:
        """Builds all of them."""
        self.compiler.compile = partial(_compile, self.compiler.compile)
        super().build_extensions()


def _compile(compile_one: Any, sources: list[str], **options: Any) -> list[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = pool.map(lambda source: compile_one([source], **options), sources)
        return [name for names in objects for name in names]


def sources() -> list[str]:
    """The modules to compile."""
    return sorted(
        str(file)
        for file in PACKAGE.rglob("*.py")
        if file.stem not in LEFT_OUT and LEFT_OUT_ROOMS.isdisjoint(file.parts)
    )


if __name__ == "__main__":
    # The project's own mypy settings ask for Django, which the core does not know.
    options = ["--config-file=", "--strict"]
    extensions = mypycify(
        [*options, *sources()], opt_level="1", debug_level="0", multi_file=True, group_name=GROUP
    )
    for extension in extensions:
        # mypyc writes the headers of a group into the folder of its package, and looks for them above it.
        extension.include_dirs.append(str("build" / PACKAGE))
    setup(
        name="crosstalk-core",
        packages=[],
        ext_modules=extensions,
        cmdclass={"build_ext": BuildInParallel},
        script_args=["build_ext", "--inplace"],
    )
