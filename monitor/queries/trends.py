"""A project's figures over quarters and months, as charts and as the table that says the same."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.metrics import charts
from monitor.metrics.definitions import Figures
from monitor.metrics.periods import Month, Period, Quarter
from monitor.models import Project
from monitor.queries.metrics import by_month, by_quarter

QUARTERS, MONTHS = 8, 12
LEAST_ELAPSED = 0.1
"""Below this share of a running quarter a projection would be a guess."""


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month of the table."""

    label: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class QuarterLine:
    """A quarter of the table."""

    quarter: Quarter
    figures: Figures

    @property
    def label(self) -> str:
        """Its name."""
        return self.quarter.name


@dataclass(frozen=True, slots=True)
class Trends:
    """The last eight quarters and twelve months up to a quarter; a chart is None where nothing was measured.

    `projected` is how many incidents the running quarter would have at its pace; None when over or just begun.
    """

    quarters: tuple[QuarterLine, ...]
    months: tuple[MonthLine, ...]
    projected: int | None
    incidents: charts.BarChart
    detect: charts.LineChart | None
    resolve: charts.LineChart | None


def trends(project: Project, period: Period) -> Trends:
    """Give the trends up to a period, in two queries; months belong to the project's time zone."""
    quarters = [period.quarter.plus(-back) for back in reversed(range(QUARTERS))]
    final = Month.of(period.last, period.zone)
    months = [final.plus(-back) for back in reversed(range(MONTHS))]
    quarter_lines = [QuarterLine(*pair) for pair in zip(quarters, by_quarter(project, quarters), strict=True)]
    figures = by_month(project, months)
    labels = [_label(month, first=index == 0) for index, month in enumerate(months)]
    projected = _projected(period, quarter_lines[-1].figures.incidents)
    return Trends(
        quarters=tuple(quarter_lines),
        months=tuple(
            MonthLine(f"{month.first_day:%b %Y}", each) for month, each in zip(months, figures, strict=True)
        ),
        projected=projected,
        incidents=_bars(quarter_lines, projected),
        detect=charts.lines(
            labels, [each.detect.mean for each in figures], [each.detect.median for each in figures]
        ),
        resolve=charts.lines(
            labels, [each.resolve.mean for each in figures], [each.resolve.median for each in figures]
        ),
    )


def _bars(lines: list[QuarterLine], projected: int | None) -> charts.BarChart:
    values = [
        (
            line.quarter.short,
            str(line.quarter.year) if index == 0 or line.quarter.number == 1 else "",
            line.figures,
        )
        for index, line in enumerate(lines)
    ]
    return charts.bars([(label, year, figures.incidents) for label, year, figures in values], projected=projected)


def _projected(period: Period, incidents: int) -> int | None:
    if not period.running or period.elapsed < LEAST_ELAPSED or incidents == 0:
        return None
    return round(incidents / period.elapsed)


def _label(month: Month, *, first: bool) -> str:
    return f"{month.first_day:%b %Y}" if first else f"{month.first_day:%b}"
