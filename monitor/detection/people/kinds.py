"""Which places speak of the same thing, and what each session calls itself by it.

Source: FOREIGN-VALUE.md, "Person" and "Owner": whose a value is shows where it stands beside a person's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from monitor.detection.people.crowd import Crowd, Moment, Session
from monitor.detection.people.places import Place

MIN_EQUAL_SESSIONS = 5
MANY_VALUES = 5
"""A session that holds more values at a place deals with other people's: a batch, an operator's session."""
Pair = tuple[Place, Place]
_Names = Mapping[Place, frozenset[str]]


class Kinds:
    """Groups the places that hold the same value in several sessions; a place that never does is in none.

    A session's *self* is, for each kind, the value that it held first at any of the kind's places:
    the login of a checkout, not the recipient of its gift. Of several in one event, it is the one at
    the place that comes first in other sessions too.
    """

    def __init__(self, crowd: Crowd, owning: Collection[Place]) -> None:
        self._crowd = crowd
        self._parent: dict[Place, Place] = {}
        self._selves: dict[str, _Names] = {}
        equal: dict[Pair, int] = {}
        scalar = frozenset(place for place in owning if not place.listed)
        for session in crowd.sessions.values():
            for pair in equal_pairs(session.places, scalar):
                equal[pair] = equal.get(pair, 0) + 1
        for pair, count in equal.items():
            if count >= MIN_EQUAL_SESSIONS:
                self._join(*pair)
        self._kind = {place: self._root(place) for place in self._parent}
        self._leads = self._lead_rates() if self._kind else {}

    def of(self, place: Place) -> Place | None:
        """One place that stands for the kind of this one; None where it is of no kind."""
        return self._kind.get(place)

    def selves(self, session: str) -> _Names:
        """What a session calls itself, by kind; several values where nothing says which of them."""
        names = self._selves.get(session)
        if names is None:
            names = self._selves[session] = self._named(self._crowd.sessions[session])
        return names

    def is_second_hand(self, session: str, place: Place, text: str) -> bool:
        """Whether a session calls itself otherwise by the kind of a value, or holds a whole list of such."""
        if len(self._crowd.sessions[session].places[place]) > MANY_VALUES:
            return True
        kind = self._kind.get(place)
        return kind is not None and text not in self.selves(session).get(kind, (text,))

    def _lead_rates(self) -> dict[Place, float]:
        """How often each place is the first of its kind, in the sessions that hold something there."""
        led: dict[Place, int] = {}
        held: dict[Place, int] = {}
        for session in self._crowd.sessions.values():
            for firsts in self._firsts(session).values():
                start = min([moment for moment, _, _ in firsts])
                for place in {place for _, _, place in firsts}:
                    held[place] = held.get(place, 0) + 1
                for place in {place for moment, _, place in firsts if moment == start}:
                    led[place] = led.get(place, 0) + 1
        return {place: led.get(place, 0) / count for place, count in held.items()}

    def _firsts(self, session: Session) -> dict[Place, list[tuple[Moment, str, Place]]]:
        """By kind, when the session first held which value where."""
        found: dict[Place, list[tuple[Moment, str, Place]]] = {}
        for place in session.places.keys() & self._kind.keys():
            firsts = found.setdefault(self._kind[place], [])
            firsts += [(moment, text, place) for text, moment in session.places[place].items()]
        return found

    def _named(self, session: Session) -> _Names:
        found: dict[Place, frozenset[str]] = {}
        for kind, firsts in self._firsts(session).items():
            start = min([moment for moment, _, _ in firsts])
            first = [(self._leads[place], text) for moment, text, place in firsts if moment == start]
            rate = max(first)[0]
            found[kind] = frozenset([text for one, text in first if one == rate])
        return found

    def _join(self, one: Place, other: Place) -> None:
        for place in (one, other):
            self._parent.setdefault(place, place)
        first, second = self._root(one), self._root(other)
        if first is not second:
            low, high = sorted((first, second), key=lambda place: place.key)
            self._parent[high] = low

    def _root(self, place: Place) -> Place:
        while self._parent[place] is not place:
            place = self._parent[place]
        return place


def equal_pairs(places: Mapping[Place, Mapping[str, int]], among: Collection[Place]) -> Iterable[Pair]:
    """The pairs of places of one session or run that hold a common value; each pair in one order."""
    standing: dict[str, list[Place]] = {}
    for place, held in places.items():
        if place in among:
            for text in held:
                if text in standing:
                    standing[text].append(place)
                else:
                    standing[text] = [place]
    found: set[Pair] = set()
    for together in standing.values():
        if len(together) > 1:
            together.sort(key=lambda place: place.key)
            found.update([(one, other) for number, one in enumerate(together) for other in together[number + 1 :]])
    return found
