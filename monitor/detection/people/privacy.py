"""Proofs at private paths, and the claims that proofs make void.

Source: FOREIGN-VALUE.md, "private" and "Owner".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from monitor.detection.people.crowd import Crowd
from monitor.detection.people.homes import Homes
from monitor.detection.people.owners import Claim, Owners
from monitor.detection.people.persons import Persons
from monitor.detection.people.proofs import Proof, Proofs, Proving
from monitor.detection.people.seen import Fact, RunKey, SeenRun
from monitor.detection.people.sharing import Sharing
from monitor.detection.people.statistics import Statistics

States = Callable[[SeenRun], Sequence[frozenset[Fact]]]
"""All that each event of a run holds, in the order of the run."""


class PrivateProofs:
    """Finds values at private paths whose owner is another person."""

    def __init__(self, crowd: Crowd, statistics: Statistics, sharing: Sharing, persons: Persons) -> None:
        self._crowd = crowd
        self._persons = persons
        self._suspects: list[tuple[RunKey, SeenRun, Fact]] = []
        for key, run in crowd.runs.items():
            for place, held in run.places.items():
                for text in held if place.privacy and place in statistics.private else ():
                    if text in sharing.shared and text not in run.inherited:
                        self._suspects.append((key, run, (place, text)))

    def all(self, owners: Owners) -> Proving:
        """The proofs of every run that has any."""
        found: Proving = {}
        homes = Homes(self._crowd, owners, self._persons)
        for key, run, (place, text) in self._suspects:
            owner = owners.of_private(place, text)
            if owner is None or self._persons.same(self._crowd.session(owner), run.session):
                continue
            if homes.fits(owner, place, text):
                found.setdefault(key, {})[place, text] = Proof("private", owner)
        return found


def void_claims(crowd: Crowd, proofs: Proofs, persons: Persons, states: States) -> frozenset[Claim]:
    """Claims that do not count: the value stood beside a proven one of a person who holds it too."""
    void: set[Claim] = set()
    for key, proven in proofs.items():
        run = crowd.runs[key]
        held = {
            proof.owner: frozenset().union(
                *(crowd.sessions[name].firsts for name in persons.members(crowd.session(proof.owner)))
            )
            for proof in proven.values()
        }
        for place_held in run.places.values():
            for text, index in place_held.items():
                suspects = [fact for fact, proof in proven.items() if text in held[proof.owner]]
                if suspects and not _is_free(run, text, index, suspects, states):
                    void.add((key, text))
    return frozenset(void)


def _is_free(run: SeenRun, text: str, index: int, suspects: Collection[Fact], states: States) -> bool:
    """Whether none of some facts stands in the event."""
    if any(fact[1] == text for fact in suspects):
        return False
    return states(run)[index].isdisjoint(suspects)
