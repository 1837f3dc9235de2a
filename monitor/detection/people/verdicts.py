"""Which values of which runs are another person's: the proofs in their order, and what goes with a proven value.

Source: FOREIGN-VALUE.md, "Definition".
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.detection.people.agreement import Comparison
from monitor.detection.people.crowd import Crowd, Moment, Session
from monitor.detection.people.homes import Homes
from monitor.detection.people.kinds import Kinds
from monitor.detection.people.mirrors import Mirrors
from monitor.detection.people.owners import Owners
from monitor.detection.people.persons import Persons
from monitor.detection.people.places import Place
from monitor.detection.people.privacy import PrivateProofs, States, void_claims
from monitor.detection.people.proofs import MirrorProofs, Proof, Proofs, Proving
from monitor.detection.people.seen import Fact, SeenRun
from monitor.detection.people.sharing import Sharing
from monitor.detection.people.statistics import Statistics
from monitor.detection.people.texts import comparable
from monitor.detection.people.uniqueness import Uniqueness
from monitor.detection.people.weights import Matching, Weights

ROUNDS = 3
"""A claim can be void because of a proof that rests on a void claim; so deep is followed."""


class Verdicts:
    """The proofs of every run of a crowd, by run and fact; empty where nothing is foreign."""

    def __init__(self, crowd: Crowd, states: States) -> None:
        self.crowd = crowd
        self._states = states
        self.statistics = Statistics(crowd)
        owning = self.statistics.owning
        self.sharing = Sharing(crowd, owning)
        self.kinds = Kinds(crowd, owning)
        self.mirrors = Mirrors(crowd, self.statistics)
        comparison = Comparison(self.statistics, self.kinds)
        matching = Matching(crowd, comparison, self.sharing, owning)
        self.weights = Weights(crowd, matching)
        self.owners = Owners(crowd, self.statistics, self.sharing, self.kinds)
        mirrored = MirrorProofs(crowd, self.owners, self.mirrors, comparison, self.weights).all()
        robbed = _robbed(crowd, mirrored)
        taken = {name: comparison.taken(crowd.sessions[name], owners.values()) for name, owners in robbed.items()}
        never = {name: frozenset(owners) for name, owners in robbed.items()}
        self.persons = Persons(crowd, matching, self.weights, never, taken)
        proofs = self._with_private(mirrored)
        self.homes = Homes(crowd, self.owners, self.persons)
        self.uniqueness = Uniqueness(
            crowd,
            statistics=self.statistics,
            sharing=self.sharing,
            owners=self.owners,
            homes=self.homes,
            persons=self.persons,
            proofs=proofs,
        )
        for text in sorted(self.sharing.shared):
            self._add_replaced(proofs, text)
        for key, proven in proofs.items():
            self._add_alongside(proven, crowd.runs[key])
        self.proofs: Proofs = proofs
        self._owning_person: dict[str, str] = {}

    def is_own(self, session: str, text: str) -> bool:
        """Whether a value is this person's own, wherever it stands."""
        person = self._owning_person.get(text)
        if person is None:
            owner = self.crowd.session(self.owners.first(text))
            person = self._owning_person[text] = self.persons.of(owner)
        return person == self.persons.of(session)

    def own_at(self, run: SeenRun, place: Place, text: str | None = None) -> tuple[Moment, str] | None:
        """When this person held a value of their own at a place, nearest to the run; that `text`, where given."""
        for name in (run.session, *self.persons.members(run.session)):
            held = self.crowd.sessions[name].places.get(place, {})
            mine = [
                (moment, one)
                for one, moment in held.items()
                if (self.is_own(run.session, one) if text is None else one == text)
            ]
            if mine:
                return min(mine)
        return None

    def _with_private(self, mirrored: Proving) -> Proving:
        private = PrivateProofs(self.crowd, self.statistics, self.sharing, self.persons)
        proofs: Proving = mirrored
        for _ in range(ROUNDS):
            void = void_claims(self.crowd, proofs, self.persons, self._states)
            self.owners = Owners(self.crowd, self.statistics, self.sharing, self.kinds, void)
            found = {key: dict(proven) for key, proven in mirrored.items()}
            for key, proven in private.all(self.owners).items():
                for fact, proof in proven.items():
                    found.setdefault(key, {}).setdefault(fact, proof)
            if found == proofs:
                break
            proofs = found
        return proofs

    def _add_replaced(self, proofs: Proving, text: str) -> None:
        """Adds a value where it stands at a place unique to a person who has a value of their own there."""
        owner = self.owners.of(text)
        places = [place for place in self.sharing.places[text] if place in self.uniqueness.places]
        if owner is None:
            return
        for place in places:
            if place.listed or self.uniqueness.is_shared(place, text) or not self.homes.fits(owner, place, text):
                continue
            for moment in self.crowd.facts[place][text]:
                for run in self.crowd.sessions[self.crowd.session(moment)].runs:
                    if text in run.places.get(place, ()) and text not in run.inherited:
                        self._add_one_replaced(proofs, run, (place, text), owner)

    def _add_one_replaced(self, proofs: Proving, run: SeenRun, fact: Fact, owner: Moment) -> None:
        place, text = fact
        if self.persons.same(self.crowd.session(owner), run.session):
            return
        own = {one for one in self.homes.own(run.session, place) if comparable((one,), (text,))}
        if not own & run.places[place].keys() and not (own and self._is_lasting(run, place)):
            return
        proven = proofs.setdefault(run.key, {})
        if fact not in proven or proven[fact].kind == "private":
            proven[fact] = Proof("replaced", owner, own=(place, min(own)))

    def _is_lasting(self, run: SeenRun, place: Place) -> bool:
        """Whether people keep their value at a place, and no second mention in the run decides better."""
        kind = self.kinds.of(place)
        mentioned = kind is not None and any(
            other is not place and self.kinds.of(other) is kind for other in run.places
        )
        return self.weights.is_stable(place) and not mentioned

    def _add_alongside(self, proven: dict[Fact, Proof], run: SeenRun) -> None:
        """Adds the same values at every path of an event, and their owners' other values at unique paths."""
        certain = dict(proven)
        for facts in dict.fromkeys(self._states(run)):
            here = {fact: certain[fact] for fact in facts if fact in certain}
            for fact in facts if here else ():
                proof = self._beside(here, fact, run) if fact not in proven else None
                if proof is not None:
                    proven[fact] = proof

    def _beside(self, here: Mapping[Fact, Proof], fact: Fact, run: SeenRun) -> Proof | None:
        place, text = fact
        copies = [other for other in here if other[1] == text]
        if copies:
            beside = min(copies, key=lambda one: one[0].key)
            return Proof("alongside", here[beside].owner, beside=beside)
        if place not in self.uniqueness.places or text in run.inherited or text not in self.sharing.shared:
            return None
        owner = self.owners.of(text)
        if owner is None or not self.homes.fits(owner, place, text):
            return None
        session = self.crowd.session(owner)
        company = [
            other for other, proof in here.items() if self.persons.same(self.crowd.session(proof.owner), session)
        ]
        if not company or self.persons.same(session, run.session):
            return None
        return Proof("alongside", owner, beside=min(company, key=lambda one: (one[0].key, one[1])))


def _robbed(crowd: Crowd, mirrored: Proofs) -> dict[str, dict[str, Session]]:
    """The sessions whose values stand in each session, as mirrors prove, by name."""
    found: dict[str, dict[str, Session]] = {}
    for key, proven in mirrored.items():
        for (_, text), proof in proven.items():
            if proof.own is not None:
                owners = {one.name: one for one in crowd.near(proof.own[0], text)}
                found.setdefault(crowd.runs[key].session, {}).update(owners)
    return found
