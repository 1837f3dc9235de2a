"""Quarters and months begin at midnight where the project is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.metrics.periods import Month, Quarter

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_quarter_is_bounded_by_local_midnights_on_both_sides_of_summer_time() -> None:
    since, until = Quarter("2026-Q4").bounds(BERLIN)
    assert since == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert until == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert since.tzinfo is UTC


def test_a_moment_belongs_to_the_quarter_of_its_own_place() -> None:
    moment = datetime(2026, 9, 30, 23, tzinfo=UTC)
    assert Quarter.of(moment, BERLIN) == Quarter("2026-Q4")
    assert Quarter.of(moment, UTC) == Quarter("2026-Q3")
    assert Month.of(moment, BERLIN) == Month(2026, 10)


def test_quarters_and_months_follow_each_other_over_the_year() -> None:
    assert Quarter("2026-Q4").plus(1) == Quarter("2027-Q1")
    assert Quarter("2026-Q1").plus(-1) == Quarter("2025-Q4")
    assert Month(2026, 12).plus(1) == Month(2027, 1)
    assert Month(2026, 1).plus(-13) == Month(2024, 12)
    assert Month(2026, 3).name == "2026-03"


@pytest.mark.parametrize("text", ["2026", "2026-Q5", "2026-Q0", "26-Q1", "2026-Q4 ", "٢٠٢٦-Q1", ""])
def test_anything_else_is_no_quarter(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-Q4"):
        Quarter(text)
