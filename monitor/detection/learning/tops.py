"""Learns `inputs` and `cleanup`: the top-level keys that runs begin with, and those gone at their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from monitor.detection.learning.past import Past, PastRun
from monitor.detection.learning.proposal import LeftOut, Line, Support
from monitor.detection.values import is_empty

MAX_KEYS = 60
"""Of more top-level keys the names are data, and a list of them promises nothing."""


def inputs(past: Past, support: Support) -> Iterator[Line | LeftOut]:
    """Every non-empty top-level key that some run's first event holds: `residue-at-start` spares no other."""
    seen = Counter(name for past_run in past.runs for name in _held(past_run, 0))
    if len(seen) > MAX_KEYS:
        yield LeftOut("inputs", f"runs begin with {len(seen)} different keys: their names seem to be data")
        return
    of = len(past.runs)
    for name in sorted(seen):
        rare = support.is_rare(seen[name], of)
        note = "rare: look whether it is left over from another run" if rare else ""
        yield Line(("inputs",), name, seen[name], of, note=note, rare=rare)


def cleanup(past: Past, support: Support) -> Iterator[Line]:
    """Top-level keys that were there and are absent or empty at every final event of a run that had them."""
    had: Counter[str] = Counter()
    kept: set[str] = set()
    for past_run in past.runs:
        final = max((at for at, one in enumerate(past_run.snapshots) if one.event.final), default=None)
        if final is None or past_run.snapshots[final].event.partial:
            continue
        had.update({name for at in range(len(past_run.snapshots)) for name in _held(past_run, at)})
        kept.update(_held(past_run, final))
    for name in sorted(had.keys() - kept):
        if had[name] >= support.min_runs:
            yield Line(("cleanup",), name, had[name], had[name], "runs that had it", "gone by their end")


def _held(past_run: PastRun, at: int) -> set[str]:
    """The non-empty top-level keys at an event."""
    context = past_run.snapshots[at].event.context
    return {name for name, value in context.items() if not is_empty(value)}
