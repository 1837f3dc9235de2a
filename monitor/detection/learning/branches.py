"""Learns `parallel`: the branches that run together, and the step after them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.detection.learning.past import Past, PastRun
from monitor.detection.learning.proposal import LeftOut, Line, Support

MAX_BRANCHES = 24


@dataclass(slots=True)
class _Fork:
    """Branches with no step of the main line between them; `until` is the place of their last event."""

    branches: set[str]
    until: int


def parallel(past: Past, support: Support) -> Iterator[Line | LeftOut]:
    """Branches that always meet in the same step, and are seen together.

    A join that comes after other branches in some run, or a branch that is joined elsewhere in some,
    proves nothing.
    """
    joins: defaultdict[str, Counter[frozenset[str]]] = defaultdict(Counter)
    for past_run in past.runs:
        for join, branches in _joined(past_run):
            joins[join][branches] += 1
    homes = Counter(name for forks in joins.values() for name in {one for fork in forks for one in fork})
    for join in sorted(joins):
        branches = frozenset().union(*joins[join])
        of = joins[join].total()
        together = sum(count for fork, count in joins[join].items() if len(fork) > 1)
        if together < support.min_runs or len(branches) > MAX_BRANCHES:
            why = f"{together} clean runs joined branches here; {support.min_runs} are needed"
            many = f"{len(branches)} branches were joined here: their names seem to be data"
            yield LeftOut("parallel", f"{join}: {many if len(branches) > MAX_BRANCHES else why}")
        elif all(homes[name] == 1 for name in branches):
            note = "" if len(joins[join]) == 1 else "not always all of them"
            yield Line(("parallel",), {"branches": sorted(branches), "join": join}, together, of, note=note)
        else:
            yield LeftOut("parallel", f"{join}: its branches are joined by other steps too")


def _joined(past_run: PastRun) -> Iterator[tuple[str, frozenset[str]]]:
    """Each fork of a run with the step that joined it; a fork that nothing joined is left out."""
    events = past_run.run.events
    fork: _Fork | None = None
    last = {event.branch: place for place, event in enumerate(events)}
    for place, event in enumerate(events):
        if event.branch is not None:
            if fork is None:
                fork = _Fork(set(), place)
            fork.branches.add(event.branch)
            fork.until = max(fork.until, last[event.branch])
        elif fork is not None and place > fork.until:
            yield event.step, frozenset(fork.branches)
            fork = None
