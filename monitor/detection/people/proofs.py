"""What proves that a value in a run is another person's. Source: FOREIGN-VALUE.md, "It fires on proof only"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from monitor.detection.people.agreement import Comparison, Weigh
from monitor.detection.people.crowd import Crowd, Moment
from monitor.detection.people.mirrors import Mirrors, PairCounts, known_at
from monitor.detection.people.owners import Owners
from monitor.detection.people.places import Place
from monitor.detection.people.seen import Fact, RunKey, SeenRun
from monitor.detection.people.texts import comparable

MIN_ACTS = 2
"""Other sessions of somebody in which a place holds other people's values, after which that is their job."""

ProofKind = Literal["mirror", "replaced", "private", "alongside"]


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a value is another person's, and whose: `owner` is the moment at which its owner held it first.

    `own` is the value of this session that contradicts it, with its place: the mirror's, or the one
    at the same place. `pair` counts how often the two places are equal. `beside` is the proven fact
    of the same event that this one goes with.
    """

    kind: ProofKind
    owner: Moment
    own: Fact | None = None
    pair: PairCounts | None = None
    beside: Fact | None = None


Proofs = Mapping[RunKey, Mapping[Fact, Proof]]
Proving = dict[RunKey, dict[Fact, Proof]]


class MirrorProofs:
    """Finds values that stand where this session's own would stand in most runs.

    Both sides of a mirror are compared by what stands at the mirror itself: the value must be
    another session's there, the one that stands there must be this session's own, and of the two
    this session must have held its own first.
    """

    def __init__(
        self, crowd: Crowd, owners: Owners, mirrors: Mirrors, comparison: Comparison, weigh: Weigh
    ) -> None:
        self._crowd = crowd
        self._owners = owners
        self._mirrors = mirrors
        self._comparison = comparison
        self._weigh = weigh

    def all(self) -> Proving:
        """The proofs of every run that has any."""
        found: Proving = {}
        places = self._mirrors.places
        for key, run in self._crowd.runs.items():
            for place in run.places.keys() & places:
                for text, proof in self._at(run, place):
                    found.setdefault(key, {})[place, text] = proof
        return found

    def _at(self, run: SeenRun, place: Place) -> Iterable[tuple[str, Proof]]:
        here, proven = run.places[place].keys(), set(run.inherited)
        for mirror, counts in self._mirrors.of(place):
            there = run.places.get(mirror)
            if there is None:
                continue
            for text in here - there.keys() - proven:
                proof = self._against(run, (place, text), mirror, counts)
                if proof is not None:
                    proven.add(text)
                    yield text, proof

    def _against(self, run: SeenRun, fact: Fact, mirror: Place, counts: PairCounts) -> Proof | None:
        text = fact[1]
        owner = known_at(run, mirror, text, self._crowd)
        if owner is None or text in self._crowd.sessions[run.session].places[mirror]:
            return None
        for own in sorted(run.places[mirror]):
            if (
                comparable((own,), (text,))
                and self._is_own(run, own, mirror, text)
                and self._came_first(run, own, text, mirror)
                and not self._is_known_as(run, text, owner)
                and not self._acts_for_others(run, own, mirror, fact[0])
            ):
                return Proof("mirror", owner, own=(mirror, own), pair=counts)
        return None

    def _acts_for_others(self, run: SeenRun, own: str, mirror: Place, place: Place) -> bool:
        """Whether whoever it is at the mirror never stands at the place itself: an agent, an operator."""
        others = [one for one in self._crowd.near(mirror, own) if one.name != run.session and place in one.places]
        return len(others) >= MIN_ACTS and all(own not in one.places[place] for one in others)

    def _is_own(self, run: SeenRun, own: str, mirror: Place, text: str) -> bool:
        """Whether a value at the mirror is this session's, or that of a returning customer's earlier one."""
        first = self._crowd.session(self._crowd.holders(mirror, own)[0])
        if first == run.session:
            return True
        mine, earlier = self._crowd.sessions[run.session], self._crowd.sessions[first]
        less = self._comparison.taken(mine, self._crowd.near(mirror, text))
        agreement = self._comparison.agreement(mine, earlier, less=less)
        return agreement.suffices(self._weigh) or self._comparison.are_one(mine, earlier, weigh=self._weigh)

    def _came_first(self, run: SeenRun, own: str, text: str, mirror: Place) -> bool:
        """Whether the session held its own value first, or calls itself so where one event brought both."""
        firsts = self._crowd.sessions[run.session].firsts
        if firsts[own] != firsts[text]:
            return firsts[own] < firsts[text]
        names = self._comparison.names(run.session, mirror)
        if len(names) == 1:
            return own in names
        first, other = (self._crowd.session(self._owners.first(one)) for one in (own, text))
        return first == run.session != other

    def _is_known_as(self, run: SeenRun, text: str, owner: Moment) -> bool:
        """Whether this session had called itself as the owner does before the value came: one person, renamed."""
        mine = self._crowd.sessions[run.session]
        theirs = self._crowd.sessions[self._crowd.session(owner)]
        return self._comparison.is_named_alike(mine, theirs, before=mine.firsts[text])
