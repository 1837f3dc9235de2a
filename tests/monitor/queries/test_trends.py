"""The trends up to a quarter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.metrics.periods import Period, Quarter
from monitor.queries.trends import trends
from tests.factories import NOW, make_incident, make_project

pytestmark = pytest.mark.django_db


def period(name: str, *, now: datetime = NOW) -> Period:
    return Period.of(Quarter(name), ZoneInfo("UTC"), now=now)


def test_eight_quarters_and_twelve_months_end_with_the_present_ones() -> None:
    project = make_project()
    make_incident(project=project, detected_at=NOW)
    make_incident(project=project, detected_at=NOW - timedelta(days=365))
    found = trends(project, period("2026-Q4"))
    assert [line.label for line in found.quarters][::7] == ["2025-Q1", "2026-Q4"]
    assert [line.label for line in found.months][::11] == ["Dec 2025", "Nov 2026"]
    assert [line.figures.incidents for line in found.quarters] == [0, 0, 0, 1, 0, 0, 0, 1]
    assert [line.figures.incidents for line in found.months] == [0] * 11 + [1]
    assert found.detect is not None
    assert len(found.detect.gaps) == 11
    assert found.resolve is None


def test_a_running_quarter_is_projected_at_its_pace_and_a_finished_one_is_not() -> None:
    project = make_project()
    for _ in range(5):
        make_incident(project=project, detected_at=NOW)
    assert trends(project, period("2026-Q4")).projected == round(5 / period("2026-Q4").elapsed)
    after = datetime(2027, 1, 1, tzinfo=UTC)
    assert trends(project, period("2026-Q4", now=after)).projected is None
    assert trends(project, period("2027-Q1", now=after + timedelta(days=1))).projected is None


def test_trends_are_two_queries(django_assert_num_queries: Any) -> None:
    project = make_project()
    with django_assert_num_queries(2):
        trends(project, period("2026-Q4"))
