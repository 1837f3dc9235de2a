"""Paths that hold the same value in most runs. Source: FOREIGN-VALUE.md, "mirror"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from monitor.detection.people.crowd import Crowd, Moment
from monitor.detection.people.kinds import Pair, equal_pairs
from monitor.detection.people.places import Place
from monitor.detection.people.seen import SeenRun
from monitor.detection.people.statistics import Statistics
from monitor.detection.people.texts import comparable

MIN_EQUAL_RUNS = 5
THIRD_A_SWAP = 4
MAX_PAIRS = 200
"""Pairs of places that are counted in a workflow: those that are equal most often."""


@dataclass(frozen=True, slots=True)
class PairCounts:
    """In how many runs two places hold the same, in how many both hold something, and a third party's.

    Of the runs in which the first place holds what the second one does not, `swapped` counts those
    where it is another session's at the second place by then, `third` those where it is nobody's.
    """

    equal: int
    both: int
    swapped: int
    third: int

    @property
    def mirrors(self) -> bool:
        """Whether the first place repeats the second one: then a difference between them is proof.

        Third parties' values show a place for other people (the recipient of a gift), of whom some
        happen to be known.
        """
        return (
            self.equal >= MIN_EQUAL_RUNS
            and self.equal * 2 >= self.both
            and self.third * 10 <= self.both
            and self.third * THIRD_A_SWAP <= self.swapped
        )


class Mirrors:
    """The mirrors of every place that has any."""

    def __init__(self, crowd: Crowd, statistics: Statistics) -> None:
        self._of: dict[Place, list[tuple[Place, PairCounts]]] = {}
        equal: dict[Pair, int] = {}
        by_workflow: dict[str, list[SeenRun]] = {}
        for run in crowd.runs.values():
            by_workflow.setdefault(run.workflow, []).append(run)
            for pair in equal_pairs(run.places, statistics.owning):
                if not (pair[0].listed or pair[1].listed) or _is_whole(run, pair):
                    equal[pair] = equal.get(pair, 0) + 1
        for pair, count in _most(equal):
            runs = [
                run for run in by_workflow[pair[0].workflow] if pair[0] in run.places and pair[1] in run.places
            ]
            unlike = [run for run in runs if run.places[pair[0]].keys() != run.places[pair[1]].keys()]
            for first, second in (pair, (pair[1], pair[0])):
                others = [others_at(run, first, second, crowd) for run in unlike]
                counts = PairCounts(count, len(runs), others.count("swapped"), others.count("third"))
                if counts.mirrors:
                    self._of.setdefault(first, []).append((second, counts))
        for found in self._of.values():
            found.sort(key=lambda one: (-one[1].equal, one[0].key))

    def of(self, place: Place) -> Iterable[tuple[Place, PairCounts]]:
        """The places that this one repeats, the surest first."""
        return self._of.get(place, ())

    @property
    def places(self) -> Iterable[Place]:
        """The places that repeat another one."""
        return self._of.keys()


def _most(equal: Mapping[Pair, int]) -> list[tuple[Pair, int]]:
    """The pairs that are equal often enough, at most so many a workflow."""
    often = [(pair, count) for pair, count in equal.items() if count >= MIN_EQUAL_RUNS]
    often.sort(key=lambda one: (-one[1], one[0][0].key, one[0][1].key))
    seen: dict[str, int] = {}
    kept = []
    for pair, count in often:
        workflow = pair[0].workflow
        seen[workflow] = seen.get(workflow, 0) + 1
        if seen[workflow] <= MAX_PAIRS:
            kept.append((pair, count))
    return kept


def _is_whole(run: SeenRun, pair: Pair) -> bool:
    """Whether two places, one of them in a list, hold the same values all in all."""
    return run.places[pair[0]].keys() == run.places[pair[1]].keys()


def others_at(run: SeenRun, first: Place, second: Place, crowd: Crowd) -> Literal["", "swapped", "third"]:
    """What a run holds at the first place besides what it holds at the second: nothing, another's, or nobody's."""
    strange = run.places[first].keys() - run.places[second].keys()
    if not strange or not comparable(strange, run.places[second]):
        return ""
    known = all(known_at(run, second, text, crowd) is not None for text in strange)
    return "swapped" if known else "third"


def known_at(run: SeenRun, place: Place, text: str, crowd: Crowd) -> Moment | None:
    """When another session held a value at a place first, if it did so before the run was over."""
    for moment in crowd.holders(place, text):
        if crowd.session(moment) != run.session:
            return moment if crowd.at(moment) <= run.ended_at else None
    return None
