"""Learns `identity`: the paths at which a run's own ids stand, and never anything else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from monitor.detection.identity import DEFAULT_NAMES, KINDS, Kind
from monitor.detection.learning.past import Names, Past, PastRun
from monitor.detection.learning.proposal import Line, Support
from monitor.detection.paths import render
from monitor.detection.values import identity_text

MIN_VALUES = 5
"""So many different ids must have stood at a path, or it may only look like an identity."""
MIN_VALUES_OF_A_KNOWN_NAME = 2


def identity(past: Past, support: Support) -> Iterator[Line]:
    """Paths where nearly every run holds its own id, none ever holds another, and none ever loses it."""
    for kind in KINDS:
        yield from _of_kind(kind, past, support)
    yield from _ignored(past)


def _ignored(past: Past) -> Iterator[Line]:
    """What the map in force ignores and the runs hold: without it, clean runs would not be clean."""
    ignored = {
        path.text: path for one in past.runs if one.run.context_map for path in one.run.context_map.identity.ignore
    }
    for text, path in ignored.items():
        seen = sum(any(path.find(one.event.context) for one in past_run.snapshots) for past_run in past.runs)
        if seen:
            yield Line(("identity", "ignore"), text, seen, len(past.runs), note="declared, not learned")


def _of_kind(kind: Kind, past: Past, support: Support) -> Iterator[Line]:
    seen: Counter[Names] = Counter()
    values: defaultdict[Names, set[str]] = defaultdict(set)
    unfit: set[Names] = set()
    of = 0
    for past_run in past.runs:
        own = past_run.run.own.of(kind)
        if own is None:
            continue
        of += 1
        for place in _own_places(past_run, own, unfit):
            seen[place] += 1
            values[place].add(own)
    for place in sorted(seen.keys() - unfit):
        needed = MIN_VALUES_OF_A_KNOWN_NAME if DEFAULT_NAMES.get(place[-1]) == kind else MIN_VALUES
        often = seen[place] >= max(support.min_runs, support.min_share * of)
        if often and len(values[place]) >= needed:
            note = f"{len(values[place])} different ones"
            yield Line(("identity", kind), render(place), seen[place], of, note=note)


def _own_places(past_run: PastRun, own: str, unfit: set[Names]) -> set[Names]:
    """Where the run held its own id; adds to `unfit` where it held anything else, or lost it."""
    held: set[Names] = set()
    for snapshot, leaves in zip(past_run.snapshots, past_run.leaves, strict=True):
        texts = {place: identity_text(value) for place, value in leaves.items()}
        mine = {place for place, text in texts.items() if text == own}
        unfit.update(place for place, text in texts.items() if text is not None and text != own)
        if not snapshot.event.partial:
            unfit.update(held - mine)
        held |= mine
    return held
