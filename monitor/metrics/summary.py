"""Mean, median and p90 of some durations, with how many they stand on."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Seconds; all three are None when `n` is 0, for nothing measured is not zero."""

    mean: float | None
    median: float | None
    p90: float | None
    n: int


NOTHING = Summary(mean=None, median=None, p90=None, n=0)


def summarise(seconds: Iterable[float]) -> Summary:
    """Summarise durations in seconds; `NOTHING` of none."""
    values = sorted(seconds)
    if not values:
        return NOTHING
    return Summary(
        mean=math.fsum(values) / len(values),
        median=percentile(values, 0.5),
        p90=percentile(values, 0.9),
        n=len(values),
    )


def percentile(values: Sequence[float], fraction: float) -> float:
    """Give the percentile of sorted, non-empty values by linear interpolation between the closest two.

    Source: PostgreSQL's `percentile_cont` (the row at `fraction * (n - 1)`, counted from 0).
    """
    position = fraction * (len(values) - 1)
    low = math.floor(position)
    high = math.ceil(position)
    return values[low] + (values[high] - values[low]) * (position - low)
