"""`manage.py compile_core`: compiles the detection core, which then judges about 1.7 times as fast."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.detection.compiled import state
from monitor.management.native import CannotCompile, CompilingFailed, compile_core, remove


class Command(BaseCommand):
    """Makes a compiled core beside the sources, unless there is one of just these sources."""

    help = "Compiles the detection core (needs a C compiler). Without one everything runs from the sources."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Two options."""
        parser.add_argument("--remove", action="store_true", help="remove the compiled core; the sources are used")
        parser.add_argument(
            "--if-possible", action="store_true", help="where something is missing, say so and go on (exit code 0)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compiles or removes."""
        if options["remove"]:
            remove()
            self.stdout.write("The core runs from its sources.")
        elif state() == "fresh":
            self.stdout.write("The compiled core is up to date.")
        else:
            self._compile(if_possible=options["if_possible"])

    def _compile(self, *, if_possible: bool) -> None:
        self.stdout.write("Compiling the detection core, which takes a minute or two ...")
        self.stdout.flush()
        try:
            compile_core()
        except CannotCompile as error:
            if not if_possible:
                raise CommandError(str(error), returncode=2) from error
            self.stdout.write(f"Not compiled, so the core runs from its sources. {error}")
        except CompilingFailed as error:
            raise CommandError(f"The core could not be compiled:\n{error}", returncode=1) from error
        else:
            self.stdout.write("The core is compiled.")
