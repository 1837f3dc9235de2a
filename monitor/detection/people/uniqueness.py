"""Which places are unique to a person. Source: FOREIGN-VALUE.md, "Unique to a person"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.detection.people.crowd import Crowd, Moment
from monitor.detection.people.homes import Homes
from monitor.detection.people.owners import Owners
from monitor.detection.people.persons import Persons
from monitor.detection.people.places import Place
from monitor.detection.people.proofs import Proofs
from monitor.detection.people.seen import Fact
from monitor.detection.people.sharing import Sharing
from monitor.detection.people.statistics import Statistics


@dataclass(slots=True)
class PersonCounts:
    """What is counted at a place about persons; at most a tenth of each may break the pattern.

    `unproven` sessions hold another person's value with nothing that proves it, `several` two
    values of their own; `common` values are those of three people.
    """

    sessions: int = 0
    unproven: int = 0
    several: int = 0
    values: int = 0
    common: int = 0

    @property
    def unique(self) -> bool:
        """Whether a value here is one person's, and a person has one."""
        return (
            self.unproven * 10 <= self.sessions
            and self.several * 10 <= self.sessions
            and self.common * 10 <= self.values
        )


class Uniqueness:
    """The counts of every place whose values tell people apart, and each person's own values there."""

    def __init__(
        self,
        crowd: Crowd,
        *,
        statistics: Statistics,
        sharing: Sharing,
        owners: Owners,
        homes: Homes,
        persons: Persons,
        proofs: Proofs,
    ) -> None:
        self._crowd = crowd
        self._owners = owners
        self._homes = homes
        self._persons = persons
        self._shared = sharing.shared
        self._accused = _accused(crowd, proofs)
        self._unproven: dict[Fact, int] = {}
        self._people: dict[Fact, int] = {}
        self._counts = {place: self._count(place) for place in statistics.telling}
        for place, counts in self._counts.items():
            counts.sessions = statistics.counts[place].sessions
            counts.values = statistics.counts[place].values
        self.places = frozenset(place for place, counts in self._counts.items() if counts.unique)

    def counts(self, place: Place) -> PersonCounts:
        """What was counted at a place whose values tell people apart."""
        return self._counts[place]

    def is_shared(self, place: Place, text: str) -> bool:
        """Whether a value is several people's, most of whom hold it with nothing to contradict it."""
        others = self._people.get((place, text), 1) - 1
        return others > 1 and self._unproven.get((place, text), 0) * 2 >= others

    def _count(self, place: Place) -> PersonCounts:
        counts = PersonCounts()
        for session in self._crowd.sessions.values():
            held = session.places.get(place)
            if held is None or (len(held) == 1 and self._shared.isdisjoint(held)):
                continue
            mine = [text for text in held if text not in self._shared or self._homes.is_own(session.name, text)]
            counts.several += len(mine) > 1
            unproven = [] if mine else [text for text in held if not self._is_proven(session.name, text)]
            counts.unproven += bool(unproven)
            for text in unproven:
                self._unproven[place, text] = self._unproven.get((place, text), 0) + 1
        for text, moments in self._crowd.facts[place].items():
            if len(moments) > 2:
                counts.common += self._spread(place, text, moments) > 2
        return counts

    def _spread(self, place: Place, text: str, moments: Iterable[Moment]) -> int:
        """How many people hold a value with nothing that proves it another's."""
        names = [self._crowd.session(moment) for moment in moments]
        self._people[place, text] = len({self._persons.of(name) for name in names})
        return len({self._persons.of(name) for name in names if not self._is_proven(name, text)})

    def _is_proven(self, session: str, text: str) -> bool:
        """Whether the value, or another one of its owner in the session, is proven foreign."""
        accused = self._accused.get(session)
        if not accused:
            return False
        owner = self._owners.of(text)
        return owner is not None and any(self._persons.same(self._crowd.session(owner), one) for one in accused)


def _accused(crowd: Crowd, proofs: Proofs) -> dict[str, set[str]]:
    """The owners of what was proven foreign in each session."""
    found: dict[str, set[str]] = {}
    for key, proven in proofs.items():
        session = crowd.runs[key].session
        found.setdefault(session, set()).update(crowd.session(proof.owner) for proof in proven.values())
    return found
