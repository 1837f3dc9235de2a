"""How often Python looks for garbage in cycles while events are judged."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 50)
"""Judging makes many objects that live as long as their run, and no cycles: at Python's own (700, 10, 10) a
twentieth of its time is spent on looking at them."""


def spare() -> None:
    """Has this process look less often. For entry points that judge in bulk: workers, files, benchmarks."""
    gc.set_threshold(*THRESHOLDS)
