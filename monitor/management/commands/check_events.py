"""`manage.py check_events`: judges recorded events without a database or a broker."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.detection import collector
from monitor.detection.engine import RuleError
from monitor.management.check.formats.registry import FORMATS, format_named
from monitor.management.check.judging import READS_OF_A_RUN, complaints_of, judge
from monitor.management.check.opening import Opener
from monitor.management.check.places import STDIN
from monitor.management.check.progress import bar
from monitor.management.check.reading import Reading
from monitor.management.check.report import INTERRUPTED, SEVERITIES, UNREADABLE, Report
from monitor.management.check.spool import Spool
from monitor.management.check.wording import summary
from monitor.management.check.writing import check_writable, write_file, write_out

MAP_ENDINGS = (".yaml", ".yml")


class Command(BaseCommand):
    """Reads files of context events and says which rules they break."""

    help = (
        "Judges recorded context events, without a database or a broker. Exit code 0: nothing at or above the "
        "threshold; 1: something; 2: a file, a line or a map could not be read (the rest was judged)."
    )
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Files may stand before, between and after the options."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign] # Django calls no other
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """The files, the maps, the form of the answer and the threshold."""
        parser.add_argument(
            "files",
            nargs="*",
            default=[STDIN],
            metavar="FILE",
            help="events, one a line or as a JSON array; gzip and zstd are opened; - is the standard input (the "
            "default). What ends in .yaml or .yml is a map",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            dest="maps",
            metavar="MAP",
            help="a context map, YAML or JSON; one for each workflow",
        )
        named = "; ".join(f"{one.name}: {one.about}" for one in FORMATS)
        parser.add_argument(
            "--format",
            choices=[one.name for one in FORMATS],
            default="text",
            help=f"the form of the answer. {named}",
        )
        parser.add_argument(
            "--fail-on", choices=SEVERITIES, default="warning", help="the least severity that fails (exit code 1)"
        )
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write the answer there, and one line that sums up to the standard output",
        )

    def handle(self, **options: Any) -> None:
        """Reads, judges, writes, and exits."""
        asked = Namespace(**options)
        collector.spare()
        try:
            code = self._check(asked)
        except KeyboardInterrupt:
            self.stderr.write("interrupted: nothing was judged to the end")
            code = INTERRUPTED
        except CommandError:
            raise
        except Exception as error:
            # Without this the interpreter would end with 1, and that means a leak.
            why = f"The check could not go on: {type(error).__name__}: {error} (--traceback shows more)"
            raise CommandError(why, returncode=UNREADABLE) from error
        if code:
            sys.exit(code)

    def _check(self, asked: Namespace) -> int:
        names = [name for name in asked.files if not name.endswith(MAP_ENDINGS)]
        maps = [*asked.maps, *(name for name in asked.files if name.endswith(MAP_ENDINGS))]
        output = None if asked.output is None else Path(asked.output)
        if output is not None:
            check_writable(output, [*names, *maps])
        with Spool() as spool:
            report = self._report(spool, names, maps, asked)
            lines = format_named(asked.format).write(report)
            if output is None:
                write_out(lines, self.stdout)
            else:
                write_file(lines, output)
                write_out([summary(report)], self.stdout)
        return report.exit_code

    def _report(self, spool: Spool, names: Sequence[str], maps: Iterable[str], asked: Namespace) -> Report:
        shown = asked.verbosity > 0
        with bar("Reading", _size_of(names), file=sys.stderr, shown=shown) as tick:
            reading = Reading(spool, Opener(tick))
            for name in maps:
                reading.read_map(name)
            for name in names:
                reading.read_events(name)
        runs = len(spool.run_ids)
        with bar("Judging", READS_OF_A_RUN * runs, file=sys.stderr, shown=shown) as tick:
            failed: list[RuleError] = []
            anomalies = judge(spool, reading.maps, tick=tick, errors=failed)
        return Report(
            events=len(spool),
            runs=runs,
            workflows=tuple(spool.workflows),
            files=names,
            maps=reading.maps,
            anomalies=anomalies,
            complaints=[*reading.complaints, *complaints_of(failed)],
            place=spool.place,
            fail_on=asked.fail_on,
        )


def _size_of(names: Iterable[str]) -> int | None:
    """The bytes of all files together; None where some have no size of their own."""
    paths = [Path(name) for name in names]
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None
