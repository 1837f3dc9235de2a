"""Figures as people say them."""

import pytest

from monitor.metrics.words import count, duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.42, "420 ms"),
        (6, "6 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (134, "2 min 14 s"),
        (599.7, "10 min"),
        (3599.7, "1 h"),
        (18_720, "5 h 12 min"),
        (86_399, "1 day"),
        (2 * 86_400 - 1, "2 days"),
        (21.2 * 86_400, "21 days 5 h"),
    ],
)
def test_a_duration_is_said_in_two_units(seconds: float, said: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == said


def test_counts_agree_in_number() -> None:
    assert count(1, "incident").replace("\u00a0", " ") == "1 incident"
    assert count(1284, "run").replace("\u00a0", " ") == "1,284 runs"
