"""Whether a value belongs where it stands, as its owner has it: a payee's account is not the payer's own."""

from __future__ import annotations

from monitor.detection.people.crowd import Crowd, Moment
from monitor.detection.people.owners import Owners
from monitor.detection.people.persons import Persons
from monitor.detection.people.places import Place


class Homes:
    """Tells a person's own values at a place from what they merely mentioned elsewhere."""

    def __init__(self, crowd: Crowd, owners: Owners, persons: Persons) -> None:
        self._crowd = crowd
        self._owners = owners
        self._persons = persons

    def is_own(self, session: str, text: str) -> bool:
        """Whether a value of an owning place is this person's."""
        owner = self._owners.of(text)
        return owner is not None and self._persons.same(self._crowd.session(owner), session)

    def own(self, session: str, place: Place) -> set[str]:
        """The values at a place that are this person's own, over all of their sessions."""
        return {
            text
            for name in self._persons.members(session)
            for text in self._crowd.sessions[name].places.get(place, ())
            if self.is_own(name, text)
        }

    def fits(self, owner: Moment, place: Place, text: str) -> bool:
        """Whether the owner of a value holds it at the place too, or nothing of their own there."""
        session = self._crowd.session(owner)
        if place.listed or any(
            text in self._crowd.sessions[name].places.get(place, ()) for name in self._persons.members(session)
        ):
            return True
        return not self.own(session, place)
