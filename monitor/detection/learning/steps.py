"""Learns each step's `writes` and `drops` from what differs between its enter and its exit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from monitor.detection.learning.changes import Done, done_in, ever_alone, resolved
from monitor.detection.learning.cover import cover
from monitor.detection.learning.past import Names, Past
from monitor.detection.learning.proposal import LeftOut, Line, Support
from monitor.detection.paths import render

_NAMES_VARY = "stands for members whose names vary"
_RARE = "rare: look whether the step is meant to"


def steps(past: Past, support: Support) -> Iterator[Line | LeftOut]:
    """The `writes` and `drops` of every step that enough runs went through, by its name.

    `writes` are the shallowest paths that cover what the step set without covering what it did not:
    what others set, and what the run began with. List indexes never stand in them.
    """
    runs: defaultdict[str, set[str]] = defaultdict(set)
    known: set[Names] = set()
    seen: Counter[Done] = Counter()
    for past_run in past.runs:
        for done in done_in(past_run):
            seen[done] += 1
            runs[done.step].add(past_run.run.run_id)
        for leaves in past_run.distinct_leaves():
            known.update(leaves)
    judged = frozenset(name for name, ids in runs.items() if len(ids) >= support.min_runs)
    alone = ever_alone(seen)
    for name in sorted(runs):
        mine = {done: count for done, count in seen.items() if done.step == name}
        if name in judged:
            wrote: Counter[frozenset[Names]] = Counter()
            for done, count in mine.items():
                wrote[resolved(done, alone, judged)] += count
            yield from _writes(name, wrote, known, support)
        else:
            why = f"{len(runs[name])} clean runs went through this step; {support.min_runs} are needed"
            yield LeftOut(f"steps.{name}", f"{why} (of what it drops, one is enough)")
        yield from _drops(name, mine, known, support)


def _writes(name: str, wrote: Counter[frozenset[Names]], known: set[Names], support: Support) -> Iterator[Line]:
    at, of = ("steps", name, "writes"), wrote.total()
    if not any(wrote):
        yield Line(at, None, of, of, "executions", "it changed nothing")
    yield from _lines(at, wrote, known, support)


def _drops(name: str, mine: Mapping[Done, int], known: set[Names], support: Support) -> Iterator[Line]:
    """What the step removed: other steps' `lost-field` rests on it, so that one sighting is enough."""
    dropped: Counter[frozenset[Names]] = Counter()
    for done, count in mine.items():
        dropped[done.dropped] += count
    return _lines(("steps", name, "drops"), dropped, known, support)


def _lines(
    at: tuple[str, ...], sightings: Counter[frozenset[Names]], known: set[Names], support: Support
) -> Iterator[Line]:
    of = sightings.total()
    for one in cover({place for places in sightings for place in places}, known):
        below = frozenset(one.places)
        seen = sum(count for places, count in sightings.items() if not places.isdisjoint(below))
        rare = support.is_rare(seen, of)
        note = "; ".join(text for text in (_NAMES_VARY if one.varying else "", _RARE if rare else "") if text)
        yield Line(at, render(one.place), seen, of, "executions", note, rare)
