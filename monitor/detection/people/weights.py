"""How much a place says when two sessions agree or differ there.

Source: FOREIGN-VALUE.md, step 5 of its algorithm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from monitor.detection.people.agreement import Agreement, Comparison, Weigh, unweighed
from monitor.detection.people.crowd import NEIGHBOURS, Crowd
from monitor.detection.people.places import Place
from monitor.detection.people.sharing import Sharing

SETTLED_PAIRS = 2
"""Pairs of sessions after which it is known how a place behaves when somebody returns."""
_NOTHING: frozenset[str] = frozenset()
_NONE: Mapping[str, Collection[str]] = {}


class Matching:
    """Finds the earlier session that each session agrees with best."""

    def __init__(self, crowd: Crowd, comparison: Comparison, sharing: Sharing, owning: Collection[Place]) -> None:
        self._crowd = crowd
        self._comparison = comparison
        self._candidates = _candidates(crowd, sharing, owning)

    def best(
        self,
        name: str,
        *,
        weigh: Weigh = unweighed,
        taken: Mapping[str, Collection[str]] = _NONE,
        never: Collection[str] = _NOTHING,
    ) -> tuple[str, Agreement] | None:
        """The earlier session and the agreement, or None where none suffices.

        `taken`, by session, are values that are not its own; `never` are sessions that are somebody else's.
        """
        best: tuple[bool, float, int, str, Agreement] | None = None
        session, less = self._crowd.sessions[name], taken.get(name, ())
        for other in self._candidates.get(name, ()):
            earlier, less_other = self._crowd.sessions[other], taken.get(other, ())
            if other in never:
                continue
            agreement = self._comparison.agreement(session, earlier, less=less, less_other=less_other)
            named = self._comparison.are_one(session, earlier, weigh=weigh)
            if not named and not agreement.suffices(weigh):
                continue
            if self._comparison.are_two(session, earlier, less={*less, *less_other}):
                continue
            shared, differing = agreement.weighed(weigh)
            rate = shared / max(1, shared + differing)
            if best is None or (named, rate, shared) > best[:3]:
                best = named, rate, shared, other, agreement
        return None if best is None else best[3:]


class Weights:
    """What returning sessions share and what they differ in, learnt from the pairs that agree unweighed."""

    def __init__(self, crowd: Crowd, matching: Matching) -> None:
        self._along: Counter[Place] = Counter()
        self._apart: Counter[Place] = Counter()
        for name in crowd.sessions:
            found = matching.best(name)
            if found is not None:
                self._along.update(place for places in found[1].along for place in places)
                self._apart.update(place for places in found[1].apart for place in places)

    def __call__(self, place: Place) -> int:
        """2 where values came along, 0 where they differ anyway (an order id), 1 where neither is known."""
        if self._along[place] >= SETTLED_PAIRS:
            return 2
        return 0 if not self._along[place] and self._apart[place] >= SETTLED_PAIRS else 1

    def is_stable(self, place: Place) -> bool:
        """Whether returning people hold the same there, in all but a tenth of the pairs."""
        along = self._along[place]
        return along >= SETTLED_PAIRS and self._apart[place] * 10 <= along


def _candidates(crowd: Crowd, sharing: Sharing, owning: Collection[Place]) -> Mapping[str, Sequence[str]]:
    """The earlier sessions that share at least two values with each session, by its name; a list is one value."""
    order = {name: number for number, name in enumerate(crowd.sessions)}
    common: dict[str, Counter[str]] = {}
    for names in _holders(crowd, sharing, owning):
        names.sort(key=order.__getitem__)
        for number, name in enumerate(names[1:], 1):
            near = names[:number]
            if number > 2 * NEIGHBOURS:
                near = [*near[:NEIGHBOURS], *near[-NEIGHBOURS:]]
            common.setdefault(name, Counter()).update(near)
    return {
        name: sorted((other for other, count in counts.items() if count > 1), key=order.__getitem__)
        for name, counts in common.items()
    }


def _holders(crowd: Crowd, sharing: Sharing, owning: Collection[Place]) -> Iterable[list[str]]:
    """The sessions that hold the same value, for each value and each whole list that several hold."""
    for text in sharing.shared:
        places = [place for place in sharing.places[text] if not place.listed]
        names = {crowd.session(moment) for place in places for moment in crowd.facts[place][text]}
        if len(names) > 1:
            yield list(names)
    for place in owning:
        if place.listed:
            yield from (names for names in _lists(crowd, place) if len(names) > 1)


def _lists(crowd: Crowd, place: Place) -> Iterable[list[str]]:
    found: dict[frozenset[str], list[str]] = {}
    for name, session in crowd.sessions.items():
        if place in session.places:
            found.setdefault(frozenset(session.places[place]), []).append(name)
    return found.values()
