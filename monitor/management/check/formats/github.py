"""github: workflow commands that GitHub Actions shows as annotations on a run and on a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from monitor.detection.anomaly import Anomaly
from monitor.management.check.formats.format import Format
from monitor.management.check.places import relative
from monitor.management.check.report import Report
from monitor.management.check.wording import printable, said, summary

LEVELS = {"critical": "error", "high": "error", "warning": "warning"}


def write(report: Report) -> Iterator[str]:
    """A command for each thing that could not be read and each anomaly, then a line that sums up.

    GitHub shows ten errors and ten warnings of a step. So the first anomaly of each rule at each step and path
    comes before any repetition.
    """
    for one in report.complaints:
        yield _command("error", one.file, one.line, "cannot be read", said(one))
    for found in _various_first(report.anomalies):
        place = report.place(found.event_id)
        title = f"{found.rule} ({found.leak_class}) in {found.workflow}"
        file, line = (None, None) if place is None else (place.file, place.line)
        yield _command(LEVELS[found.severity], file, line, title, found.message)
    yield summary(report)


def _various_first(anomalies: Sequence[Anomaly]) -> list[Anomaly]:
    seen: Counter[tuple[str, ...]] = Counter()
    ranked = []
    for one in anomalies:
        kind = (one.rule, one.workflow, one.step, one.phase, one.path)
        ranked.append((seen[kind], one))
        seen[kind] += 1
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _command(level: str, file: str | None, line: int | None, title: str, message: str) -> str:
    named = {"file": None if file in (None, "-") else relative(file), "line": line, "title": title}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in named.items() if value is not None)
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMAT = Format("github", "annotations of GitHub Actions", write)
