"""A quarter's breakdown as rows for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.metrics.definitions import Figures
from monitor.metrics.periods import Period
from monitor.models import Project
from monitor.queries.metrics import groups

Cell = str | int | float | None

COUNTS = ("incidents", "resolved", "still_open", "known", "false_positives", "clock_ahead")
HEADER = (
    "quarter",
    *COUNTS,
    *(f"{name}_{part}" for name in ("mttd", "mtta", "mttr") for part in ("mean_s", "median_s", "p90_s", "n")),
)


def table(project: Project, period: Period, *, by: str) -> Iterator[list[Cell]]:
    """Give a row for each value of a dimension, and one for all of them last; seconds, None where n is 0."""
    for group in groups(project, since=period.since, until=period.until, by=by):
        yield [_cell(group.key[by]), period.quarter.name, *_row(group.figures)]
    [everything] = groups(project, since=period.since, until=period.until)
    yield ["(all)", period.quarter.name, *_row(everything.figures)]


def _row(figures: Figures) -> list[Cell]:
    row: list[Cell] = [getattr(figures, name) for name in COUNTS]
    for summary in (figures.detect, figures.acknowledge, figures.resolve):
        row += [
            None if value is None else round(value, 3) for value in (summary.mean, summary.median, summary.p90)
        ]
        row.append(summary.n)
    return row


def _cell(text: str) -> str:
    # A spreadsheet runs a cell that begins so as a formula, and a sender chooses the names.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
