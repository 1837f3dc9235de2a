"""Durations and counts as people say them."""

NBSP = "\u00a0"
UNITS: tuple[tuple[float, tuple[int, str, int, str]], ...] = (
    (599.5, (60, "min", 1, "s")),
    (3_570.0, (60, "min", 60, "s")),
    (86_370.0, (3_600, "h", 60, "min")),
    (float("inf"), (86_400, "days", 3_600, "h")),
)
"""Up to how many seconds a pair of units is used."""


def duration(seconds: float) -> str:
    """Say seconds in at most two units, as `show.duration` does on the pages: `5 h 12 min`."""
    if seconds < 0.0005:
        return f"0{NBSP}s"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}{NBSP}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + f"{NBSP}s"
    large, large_unit, small, small_unit = next(units for limit, units in UNITS if seconds < limit)
    whole, rest = divmod(round(seconds / small) * small, large)
    parts = [(whole, large_unit), (rest // small, small_unit)]
    said = (f"{value}{NBSP}{'day' if (value, unit) == (1, 'days') else unit}" for value, unit in parts if value)
    return " ".join(said)


def count(number: int, one: str, many: str = "") -> str:
    """Say how many: `1 incident`, `1,284 runs`."""
    return f"{number:,}{NBSP}{one if number == 1 else many or one + 's'}"
