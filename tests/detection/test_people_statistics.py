"""The counts that the verdicts rest on, at their limits. Source: FOREIGN-VALUE.md, "Definition"."""

from __future__ import annotations

import pytest

from monitor.detection.people.mirrors import PairCounts
from monitor.detection.people.statistics import PlaceCounts
from monitor.detection.people.uniqueness import PersonCounts


@pytest.mark.parametrize(
    ("sessions", "values", "top", "tells"),
    [
        (5, 5, 1, True),
        (4, 5, 1, False),
        (5, 4, 2, False),
        (25, 5, 5, True),
        (26, 5, 5, False),
        (10, 6, 5, True),
        (10, 6, 6, False),
    ],
)
def test_a_path_tells_people_apart_by_its_counts(sessions: int, values: int, top: int, tells: bool) -> None:
    assert PlaceCounts(sessions, values, top).tells_apart is tells


@pytest.mark.parametrize(
    ("equal", "both", "swapped", "third", "mirrors"),
    [
        (5, 5, 0, 0, True),
        (4, 4, 0, 0, False),
        (5, 10, 5, 0, True),
        (5, 11, 6, 0, False),
        (18, 20, 0, 1, False),
        (14, 20, 4, 1, True),
        (14, 20, 3, 1, False),
        (10, 20, 8, 2, True),
        (10, 20, 12, 3, False),
    ],
)
def test_a_path_mirrors_another_by_its_counts(
    equal: int, both: int, swapped: int, third: int, mirrors: bool
) -> None:
    assert PairCounts(equal, both, swapped, third).mirrors is mirrors


@pytest.mark.parametrize(
    ("unproven", "several", "common", "unique"),
    [(0, 0, 0, True), (2, 2, 1, True), (3, 0, 0, False), (0, 3, 0, False), (0, 0, 2, False)],
)
def test_a_path_is_unique_to_a_person_by_its_counts(
    unproven: int, several: int, common: int, unique: bool
) -> None:
    counts = PersonCounts(sessions=20, unproven=unproven, several=several, values=10, common=common)
    assert counts.unique is unique
