"""text: for people at a terminal and in a log."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.management.check.formats.format import Format
from monitor.management.check.report import Report
from monitor.management.check.wording import place_of, printable, said, summary, whereabouts
from monitor.queries.wire import rfc3339


def write(report: Report) -> Iterator[str]:
    """What could not be read, then three lines an anomaly, then one that sums up."""
    for one in report.complaints:
        yield printable(f"{place_of(one)}: {said(one)}")
    for found in report.anomalies:
        yield printable(
            f"{found.severity:8} {found.rule} ({found.leak_class}) in {found.workflow}, run {found.run_id}"
        )
        yield printable(f"         at {whereabouts(found)}, {rfc3339(found.occurred_at)}")
        yield printable(f"         {found.message}")
    yield summary(report)


FORMAT = Format("text", "lines for people", write)
