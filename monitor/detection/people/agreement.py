"""How much two sessions have in common, and how much speaks against their being one person's.

Source: FOREIGN-VALUE.md, "Person".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import dataclass

from monitor.detection.people.crowd import Moment, Session
from monitor.detection.people.kinds import Kinds
from monitor.detection.people.places import Place
from monitor.detection.people.statistics import Statistics
from monitor.detection.people.texts import comparable

Weigh = Callable[[Place], int]
MIN_SHARED_VALUES = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two sessions share and what they differ in; what stands at several places is one value.

    `along` and `apart` are the places where each value agrees or differs, `elsewhere` the number
    of values that both hold at different places only.
    """

    along: tuple[tuple[Place, ...], ...]
    apart: tuple[tuple[Place, ...], ...]
    elsewhere: int

    @property
    def values(self) -> int:
        """How many values both hold."""
        return len(self.along) + self.elsewhere

    def weighed(self, weigh: Weigh) -> tuple[int, int]:
        """The weight of what is shared, and of what differs."""
        return _weight(self.along, weigh) + self.elsewhere, _weight(self.apart, weigh)

    def suffices(self, weigh: Weigh) -> bool:
        """Whether the sessions are one person's, as far as this goes."""
        shared, differing = self.weighed(weigh)
        return self.values >= MIN_SHARED_VALUES and shared >= differing and shared > 0


def unweighed(_: Place) -> int:
    """The weight of a place of which nothing is known yet."""
    return 1


def _weight(values: Iterable[tuple[Place, ...]], weigh: Weigh) -> int:
    return sum([max([weigh(place) for place in places]) for places in values])


class Comparison:
    """Compares sessions of one project at the places whose values find an owner."""

    def __init__(self, statistics: Statistics, kinds: Kinds) -> None:
        self._owning = statistics.owning
        self._statistics = statistics
        self._kinds = kinds
        self._scalars: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[str, str], Agreement] = {}

    def agreement(
        self, one: Session, other: Session, *, less: Collection[str] = (), less_other: Collection[str] = ()
    ) -> Agreement:
        """What two sessions have in common, without values that are not the one's, or not the other's."""
        if less or less_other:
            return self._compare(one, other, less, less_other)
        pair = one.name, other.name
        if pair not in self._known:
            self._known[pair] = self._compare(one, other, less, less_other)
        return self._known[pair]

    def _compare(
        self, one: Session, other: Session, less: Collection[str], less_other: Collection[str]
    ) -> Agreement:
        along: dict[frozenset[str], list[Place]] = {}
        apart: dict[tuple[frozenset[str], frozenset[str]], list[Place]] = {}
        for place in one.places.keys() & other.places.keys() & self._owning:
            mine: Set[str] = one.places[place].keys()
            theirs: Set[str] = other.places[place].keys()
            if less or less_other:
                mine, theirs = mine - set(less), theirs - set(less_other)
                if not mine or not theirs:
                    continue
            common = mine & theirs
            if mine == theirs if place.listed else common:
                along.setdefault(frozenset(common), []).append(place)
            elif comparable(mine, theirs):
                apart.setdefault((frozenset(mine), frozenset(theirs)), []).append(place)
        elsewhere = (self.scalars(one) & self.scalars(other)).difference(less, less_other, *along)
        return Agreement(tuple(map(tuple, along.values())), tuple(map(tuple, apart.values())), len(elsewhere))

    def scalars(self, session: Session) -> frozenset[str]:
        """The values that a session holds at places for one value, of those that find an owner."""
        if session.name not in self._scalars:
            self._scalars[session.name] = frozenset(
                text
                for place, texts in session.places.items()
                if not place.listed and place in self._owning
                for text in texts
            )
        return self._scalars[session.name]

    def are_two(self, one: Session, other: Session, *, less: Collection[str] = ()) -> bool:
        """Whether they name themselves differently, and yet share a value of that kind: somebody took it over.

        Of names that speak for and against it, most count.
        """
        mine, theirs = self._kinds.selves(one.name), self._kinds.selves(other.name)
        alike = apart = 0
        for kind in mine.keys() & theirs.keys():
            if mine[kind] & theirs[kind]:
                alike += mine[kind] == theirs[kind]
            else:
                apart += self._share(one, other, kind, less)
        return apart > 0 and apart >= alike

    def _share(self, one: Session, other: Session, kind: Place, less: Collection[str]) -> bool:
        return any(
            self._kinds.of(place) is kind and (one.places[place].keys() & other.places[place].keys()) - set(less)
            for place in one.places.keys() & other.places.keys()
        )

    def are_one(self, one: Session, other: Session, *, weigh: Weigh = unweighed) -> bool:
        """Whether they name themselves alike in two ways (a login, a customer number), and in none otherwise."""
        mine, theirs = self._kinds.selves(one.name), self._kinds.selves(other.name)
        alike = [
            mine[kind] == theirs[kind]
            for kind in mine.keys() & theirs.keys()
            if len(mine[kind]) == len(theirs[kind]) == 1 and weigh(kind)
        ]
        return len(alike) > 1 and all(alike)

    def names(self, session: str, place: Place) -> frozenset[str]:
        """What a session calls itself by the kind of a place; empty where the place is of no kind."""
        kind = self._kinds.of(place)
        return frozenset() if kind is None else self._kinds.selves(session).get(kind, frozenset())

    def taken(self, session: Session, owners: Iterable[Session]) -> frozenset[str]:
        """What a session has in common with those whose values stand in it, but for its own names."""
        mine = session.firsts.keys()
        names = [texts for texts in self._kinds.selves(session.name).values() if len(texts) == 1]
        return frozenset().union(*(mine & owner.firsts.keys() for owner in owners)).difference(*names)

    def is_named_alike(self, one: Session, other: Session, *, before: Moment) -> bool:
        """Whether the first one had called itself as the other one does, before a moment."""
        mine, theirs = self._kinds.selves(one.name), self._kinds.selves(other.name)
        return any(
            one.firsts[text] < before
            for kind in mine.keys() & theirs.keys()
            if self._statistics.counts[kind].is_personal
            for text in mine[kind] & theirs[kind]
        )
