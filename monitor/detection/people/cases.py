"""What there is to say about one foreign value of a run, the same at each of its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitor.detection.paths import render
from monitor.detection.people.crowd import Moment
from monitor.detection.people.evidence import Contradiction, Evidence, OwnerSeen, Pattern
from monitor.detection.people.locating import standing
from monitor.detection.people.places import Place
from monitor.detection.people.proofs import Proof
from monitor.detection.people.seen import Fact, SeenRun
from monitor.detection.people.verdicts import Verdicts
from monitor.detection.runs import Run

MAX_VICTIMS = 20
CARRIERS = frozenset(
    {"worker", "thread", "connection", "process", "pid", "host", "pod", "container", "instance", "slot"}
)
"""Attributes that say what an event ran on: what two runs have in common there may have carried a value."""


@dataclass(frozen=True, slots=True)
class Case:
    """A foreign value of a run; `expected` is this person's own value at its place, if there is one."""

    proof: Proof
    owner: OwnerSeen
    expected: Any
    own: Contradiction | None
    unique: Pattern | None
    carriers: tuple[str, ...]
    victims: tuple[str, ...]

    def evidence(self, own_paths: tuple[str, ...], owner_paths: tuple[str, ...]) -> Evidence:
        """The evidence at an event, whose leaves are this person's and the owner's."""
        beside = self.proof.beside
        return Evidence(
            proof=self.proof.kind,
            owner=self.owner,
            own=self.own,
            unique=self.unique,
            beside=beside[0].path if beside is not None else None,
            own_paths=own_paths,
            owner_paths=owner_paths,
            carriers=self.carriers,
            victims=self.victims[:MAX_VICTIMS],
            victim_count=len(self.victims),
        )


class CaseBook:
    """Makes the cases of a crowd."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._crowd = verdicts.crowd
        self._victims: dict[str, set[str]] = {}
        for key, proven in verdicts.proofs.items():
            for _, text in proven:
                self._victims.setdefault(text, set()).add(key[1])

    def case(self, seen: SeenRun, fact: Fact) -> Case:
        """What there is to say about a proven fact of a run."""
        proof = self._verdicts.proofs[seen.key][fact]
        mine = self._verdicts.own_at(seen, fact[0])
        return Case(
            proof=proof,
            owner=self._owner(proof, seen, fact),
            expected=self._value(mine[0], fact[0], mine[1]) if mine is not None else None,
            own=self._contradiction(proof, seen),
            unique=self._pattern(proof, fact),
            carriers=_carriers(seen.load(), self._crowd.run(proof.owner).load()),
            victims=tuple(sorted(self._victims[fact[1]] - {seen.run_id})),
        )

    def _value(self, moment: Moment, place: Place, text: str) -> Any:
        """A value as it was sent at a place at a moment."""
        context = self._crowd.run(moment).load().snapshots[self._crowd.index(moment)].event.context
        return standing(context, [(place, text)])[0].value

    def _owner(self, proof: Proof, victim: SeenRun, fact: Fact) -> OwnerSeen:
        seen = self._crowd.run(proof.owner)
        event = seen.load().snapshots[self._crowd.index(proof.owner)].event
        facts = [(place, fact[1]) for place, held in seen.places.items() if fact[1] in held]
        return OwnerSeen(
            session=seen.session,
            run_id=event.run_id,
            step=event.step,
            path=render(standing(event.context, facts)[0].location),
            event_id=event.event_id,
            occurred_at=event.occurred_at,
            before_seconds=(victim.times[victim.places[fact[0]][fact[1]]] - event.occurred_at).total_seconds(),
        )

    def _contradiction(self, proof: Proof, seen: SeenRun) -> Contradiction | None:
        if proof.own is None:
            return None
        place, text = proof.own
        mine = self._verdicts.own_at(seen, place, text)
        value = self._value(mine[0], place, text) if mine is not None else None
        pair = proof.pair
        return Contradiction(place.path, value, pair.equal if pair else None, pair.both if pair else None)

    def _pattern(self, proof: Proof, fact: Fact) -> Pattern | None:
        if proof.kind != "replaced":
            return None
        counts = self._verdicts.uniqueness.counts(fact[0])
        return Pattern(counts.sessions, counts.values, counts.unproven, counts.several, counts.common)


def _carriers(victim: Run, owner: Run) -> tuple[str, ...]:
    """What both runs ran on or touched, by name."""
    return tuple(sorted(_touched(victim) & _touched(owner)))


def _touched(run: Run) -> set[str]:
    found = {f"{access.store}:{access.key}" for event in run.events for access in event.accesses}
    for event in run.events:
        found.update([f"{name}={text}" for name, text in event.attributes.items() if name in CARRIERS])
    return found
