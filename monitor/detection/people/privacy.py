"""Proofs at private paths, and the claims that proofs make void.

Source: FOREIGN-VALUE.md, "private" and "Owner".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from monitor.detection.people.crowd import Crowd
from monitor.detection.people.owners import Claim, Owners
from monitor.detection.people.persons import Persons
from monitor.detection.people.places import Place
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
                for text in held if place.privacy else ():
                    if text in sharing.shared and text not in run.inherited and _counts(place, text, statistics):
                        self._suspects.append((key, run, (place, text)))

    def all(self, owners: Owners) -> Proving:
        """The proofs of every run that has any."""
        found: Proving = {}
        for key, run, (place, text) in self._suspects:
            owner = owners.of_private(place, text)
            if owner is not None and not self._persons.same(self._crowd.session(owner), run.session):
                found.setdefault(key, {})[place, text] = Proof("private", owner)
        return found


def _counts(place: Place, text: str, statistics: Statistics) -> bool:
    """Whether a value is private: all at a path that a map names, but no vocabulary in an object there."""
    if place.privacy == "named" or place in statistics.telling:
        return True
    return any(char.isdigit() or char == "@" for char in text)


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
