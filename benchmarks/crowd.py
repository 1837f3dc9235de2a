"""What a pass of foreign-value over a project's runs costs: time, memory, and bytes stored a run.

A database of its own in a temporary folder, filled with a shop's runs (`shoppers`); one worker.
`python -m benchmarks.crowd` prints the figures as JSON.
"""

from __future__ import annotations

from benchmarks.own_database import measured_apart, show
from benchmarks.result import Result


def measure() -> list[Result]:
    """Every figure."""
    return measured_apart("benchmarks.crowd")


if __name__ == "__main__":
    show("benchmarks.crowd_figures")
