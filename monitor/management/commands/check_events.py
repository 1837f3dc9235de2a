"""`manage.py check_events`: judges recorded events without a database or a broker."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingestion.formats.canonical import check_event
from ingestion.formats.faults import EventError
from ingestion.formats.framing import Unreadable, numbered_lines, split_events
from monitor.detection.anomaly import Anomaly
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.maps import MapError, parse_map
from monitor.queries.anomalies import found_as_json
from monitor.queries.wire import rfc3339

_GZIP_MAGIC = b"\x1f\x8b"
SEVERITIES = ("warning", "high", "critical")
FOUND_NOTHING, FOUND_SOMETHING, UNREADABLE = 0, 1, 2
"""The exit codes; what could not be read outweighs what was found, for it may hide more."""


@dataclass(slots=True)
class Reading:
    """What was read so far, and what could not be."""

    events: list[Event] = field(default_factory=list)
    maps: dict[str, ContextMap] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def complain(self, file: str, line: int | None, name: str, error: str) -> None:
        """Remembers one thing that could not be read."""
        self.errors.append({"file": file, "line": line, "field": name, "error": error})


class Command(BaseCommand):
    """Reads files of context events and says which rules they break."""

    help = (
        "Judges recorded context events, without a database or a broker. Exit code 0: nothing at or above the "
        "threshold; 1: something; 2: a file, a line or a map could not be read (the rest was judged)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The files, the maps, the form of the answer and the threshold."""
        parser.add_argument(
            "files",
            nargs="*",
            default=["-"],
            metavar="FILE",
            help="events, one a line or as a JSON array; .gz is opened; - is the standard input (the default)",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            dest="maps",
            metavar="MAP",
            help="a context map, YAML or JSON; one for each workflow",
        )
        parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the answer")
        parser.add_argument(
            "--fail-on", choices=SEVERITIES, default="warning", help="the least severity that fails (exit code 1)"
        )

    def handle(self, **options: Any) -> None:
        """Reads, judges, writes, and exits."""
        reading = Reading()
        for name in options["maps"]:
            _read_map(name, reading)
        for name in options["files"]:
            _read_events(name, reading)
        anomalies = judge_all(reading.events, reading.maps)
        write = _write_json if options["format"] == "json" else _write_text
        for line in write(reading, anomalies):
            self.stdout.write(line)
        code = _exit_code(reading, anomalies, options["fail_on"])
        if code:
            sys.exit(code)


def _exit_code(reading: Reading, anomalies: Sequence[Anomaly], fail_on: str) -> int:
    if reading.errors:
        return UNREADABLE
    failing = SEVERITIES[SEVERITIES.index(fail_on) :]
    return FOUND_SOMETHING if any(one.severity in failing for one in anomalies) else FOUND_NOTHING


def _read_map(name: str, reading: Reading) -> None:
    try:
        parsed = parse_map(_contents(name).decode("utf-8-sig"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reading.complain(name, None, "", _reason(error))
        return
    except MapError as error:
        for problem in error.errors:
            reading.complain(name, problem.line, problem.key, problem.message)
        return
    if parsed.workflow in reading.maps:
        reading.complain(name, None, "workflow", f'a second map of workflow "{parsed.workflow}": give one')
    reading.maps.setdefault(parsed.workflow, parsed)


def _read_events(name: str, reading: Reading) -> None:
    try:
        text = _contents(name)
        located = _located(text)
    except (OSError, EOFError, zlib.error, Unreadable) as error:
        reading.complain(name, None, "", _reason(error))
        return
    for line, raw in located:
        try:
            reading.events.append(check_event(raw))
        except EventError as error:
            reading.complain(name, line, error.field, error.problem)


def _contents(name: str) -> bytes:
    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"cannot be read: {error}"


def _located(text: bytes) -> Iterable[tuple[int, bytes]]:
    """Each event's JSON text and its line: of an array, of one object over many lines, or one a line."""
    start = text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"[", b"{"):
        return numbered_lines(text)
    try:
        raws = split_events(text, "json")
    except Unreadable:
        if start == b"{":
            return numbered_lines(text)
        raise
    return _with_lines(text, raws)


def _with_lines(text: bytes, raws: Iterable[bytes]) -> Iterable[tuple[int, bytes]]:
    line, seen = 1, 0
    for raw in raws:
        at = text.index(raw, seen)
        line += text.count(b"\n", seen, at)
        yield line, raw
        line += raw.count(b"\n")
        seen = at + len(raw)


def _write_json(reading: Reading, anomalies: Sequence[Anomaly]) -> Iterable[str]:
    counts = _counts(reading)
    found = [found_as_json(anomaly) for anomaly in anomalies]
    yield json.dumps({**counts, "anomalies": found, "errors": reading.errors}, indent=2)


def _write_text(reading: Reading, anomalies: Sequence[Anomaly]) -> Iterable[str]:
    for error in reading.errors:
        where = error["file"] if error["line"] is None else f"{error['file']}:{error['line']}"
        named = f" {error['field']}:" if error["field"] else ""
        yield f"{where}:{named} {error['error']}"
    for one in anomalies:
        attempt = f" attempt {one.attempt}" if one.attempt > 1 else ""
        branch = f" branch {one.branch}" if one.branch is not None else ""
        yield f"{one.severity:8} {one.rule} ({one.leak_class}) in {one.workflow}, run {one.run_id}"
        yield f"         at {one.step}.{one.phase}{attempt}{branch}, {one.path}, {rfc3339(one.occurred_at)}"
        yield f"         {one.message}"
    counts = _counts(reading)
    tally = Counter(one.severity for one in anomalies)
    by_severity = ", ".join(f"{tally[name]} {name}" for name in reversed(SEVERITIES) if tally[name])
    found = f"{_of(len(anomalies), 'anomaly', 'anomalies')} ({by_severity})" if anomalies else "no anomalies"
    unread = f"; {_of(len(reading.errors), 'thing', 'things')} could not be read" if reading.errors else ""
    events, runs = _of(counts["events"], "event", "events"), _of(counts["runs"], "run", "runs")
    yield f"{events} in {runs}: {found}{unread}."


def _of(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _counts(reading: Reading) -> dict[str, int]:
    """How many events there are, each once, and of how many runs."""
    return {
        "events": len({event.event_id for event in reading.events}),
        "runs": len({event.run_id for event in reading.events}),
    }
