"""Whose a value is: the session of the earliest event that holds it. Source: FOREIGN-VALUE.md, "Owner"."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from monitor.detection.people.crowd import Crowd, Moment
from monitor.detection.people.kinds import Kinds
from monitor.detection.people.places import Place
from monitor.detection.people.seen import RunKey
from monitor.detection.people.sharing import Sharing
from monitor.detection.people.statistics import Statistics

Claim = tuple[RunKey, str]
"""A run's claim to a value, by the event of the run that holds it first."""


class Owners:
    """Answers whose a value is, by the moment at which its owner held it first.

    `void` claims do not count: there the value stood beside a proven one of somebody who holds it too. A
    session that calls itself otherwise holds a value second-hand (the recipient of its gift), and
    claims it only where nobody holds it first-hand.
    """

    def __init__(
        self,
        crowd: Crowd,
        statistics: Statistics,
        sharing: Sharing,
        kinds: Kinds,
        void: Collection[Claim] = (),
    ) -> None:
        self._crowd = crowd
        self._statistics = statistics
        self._sharing = sharing
        self._kinds = kinds
        self._void = void
        self._known: dict[str, Moment | None] = {}
        self._private: dict[tuple[Place, str], Moment | None] = {}
        self._first: dict[str, Moment] = {}

    def of(self, text: str) -> Moment | None:
        """The owner of a value of an owning place; None where every claim is void."""
        if text not in self._known:
            self._known[text] = self._claimed(text, self._sharing.places[text])
        return self._known[text]

    def of_private(self, place: Place, text: str) -> Moment | None:
        """The owner of a value at a private place.

        The map of a workflow lists what is private in it: of the other places of the same workflow
        only those count that speak of the same thing.
        """
        if (place, text) not in self._private:
            kind = self._kinds.of(place)
            places = [
                other
                for other in self._sharing.places[text]
                if other.workflow != place.workflow
                or other in self._statistics.private
                or (kind is not None and self._kinds.of(other) is kind)
            ]
            self._private[place, text] = self._claimed(text, places)
        return self._private[place, text]

    def first(self, text: str) -> Moment:
        """The owner of a value that may stand at any place; the value must be somebody's."""
        if text not in self._first:
            places = self._crowd.places(text)
            owner = self._claimed(text, places)
            self._first[text] = (
                min(self._crowd.facts[place][text][0] for place in places) if owner is None else owner
            )
        return self._first[text]

    def _claimed(self, text: str, places: Iterable[Place]) -> Moment | None:
        claims = [
            (self._kinds.is_second_hand(self._crowd.session(moment), place, text), moment)
            for place in places
            for moment in self._crowd.facts[place][text]
            if not self._void or (self._crowd.run(moment).key, text) not in self._void
        ]
        return min(claims)[1] if claims else None
