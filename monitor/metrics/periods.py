"""Quarters and months of a project's own time zone, as bounds in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

QUARTER = re.compile(r"(2\d{3})-Q([1-4])")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime, zone: tzinfo) -> Self:
        """Give the month that an aware moment falls into, in the zone."""
        local = moment.astimezone(zone)
        return cls(local.year, local.month)

    @property
    def name(self) -> str:
        """`2026-11`."""
        return f"{self.year}-{self.month:02d}"

    @property
    def first_day(self) -> datetime:
        """Its first midnight, without a zone: for naming it, not for arithmetic."""
        return datetime(self.year, self.month, 1)  # noqa: DTZ001 a calendar's day has no zone

    def plus(self, months: int) -> Self:
        """Give the month so many months later (earlier when negative)."""
        years, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return type(self)(years, month + 1)

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Give its first instant and the first one after it, in UTC."""
        return _first_instant(self, zone), _first_instant(self.plus(1), zone)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter by its name, `2026-Q4`; ValueError for anything else."""

    name: str

    def __post_init__(self) -> None:
        if not QUARTER.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no quarter: write it as 2026-Q4.")

    @classmethod
    def of(cls, moment: datetime, zone: tzinfo) -> Self:
        """Give the quarter that an aware moment falls into, in the zone."""
        local = moment.astimezone(zone)
        return cls(f"{local.year}-Q{(local.month + 2) // 3}")

    @property
    def year(self) -> int:
        """Its year."""
        return int(self.name[:4])

    @property
    def number(self) -> int:
        """1 to 4."""
        return int(self.name[-1])

    @property
    def short(self) -> str:
        """`Q4`."""
        return self.name[-2:]

    @property
    def first_month(self) -> Month:
        """January, April, July or October."""
        return Month(self.year, self.number * 3 - 2)

    def plus(self, quarters: int) -> Self:
        """Give the quarter so many quarters later (earlier when negative)."""
        month = self.first_month.plus(3 * quarters)
        return type(self)(f"{month.year}-Q{(month.month + 2) // 3}")

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Give its first instant and the first one after it, in UTC."""
        return _first_instant(self.first_month, zone), _first_instant(self.first_month.plus(3), zone)


def _first_instant(month: Month, zone: tzinfo) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """A quarter at a place and a moment; `since` and `until` are the first instants in and after it, in UTC.

    `last` is its last instant, or the moment itself while it runs.
    """

    quarter: Quarter
    since: datetime
    until: datetime
    last: datetime
    zone: tzinfo

    @classmethod
    def of(cls, quarter: Quarter, zone: tzinfo, *, now: datetime) -> Self:
        """Give the quarter in the zone as it stands at `now`."""
        since, until = quarter.bounds(zone)
        return cls(quarter, since, until, min(now, until - timedelta(microseconds=1)), zone)

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self.last < self.until - timedelta(microseconds=1)

    @property
    def elapsed(self) -> float:
        """The share of it that has passed, 0 to 1."""
        return min(1.0, (self.last - self.since) / (self.until - self.since))

    @property
    def name(self) -> str:
        """`2026-Q4`, or `2026-Q4 so far`."""
        return f"{self.quarter.name} so far" if self.running else self.quarter.name

    @property
    def days(self) -> str:
        """Its first and last day in the zone: `1 Oct to 20 Nov 2026`."""
        first, last = self.since.astimezone(self.zone), self.last.astimezone(self.zone)
        return f"{first.day} {first:%b} to {last.day} {last:%b %Y}"
