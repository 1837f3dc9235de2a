"""How long it takes to find the runs that may be the source of a value, among many, and what that index weighs.

A database of its own in a temporary folder, filled with the values of made-up runs (`held_values`); one
connection. `python -m benchmarks.index_lookup` prints the figures as JSON.
"""

from __future__ import annotations

from benchmarks.own_database import measured_apart, show
from benchmarks.result import Result


def measure() -> list[Result]:
    """Every figure."""
    return measured_apart("benchmarks.index_lookup")


if __name__ == "__main__":
    show("benchmarks.held_values")
