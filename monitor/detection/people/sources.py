"""Which run a leak came from, judged once for all values of one owner in one victim.

Source: RULES.md, "Source".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.detection.anomaly import Source
from monitor.detection.held import Want, value_at
from monitor.detection.paths import Location, render
from monitor.detection.people.crowd import Crowd
from monitor.detection.people.locating import standing
from monitor.detection.people.proofs import Proofs
from monitor.detection.people.seen import Fact, RunKey, SeenRun
from monitor.detection.runs import Run
from monitor.detection.sources import Trail, carried

Texts = Mapping[str, datetime]
"""The values of a leak, with when the victim held each first."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A run that held values of the leak, with the number of its first event that held each."""

    run: SeenRun
    firsts: Mapping[str, int]

    def held_before(self, texts: Texts) -> bool:
        """Whether it held one of them strictly before the victim did."""
        return any(self.run.times[index] < texts[text] for text, index in self.firsts.items())

    @property
    def first_at(self) -> datetime:
        """When it held the first of them."""
        return min(self.run.times[index] for index in self.firsts.values())


Choice = tuple[Suspect, str | None]
"""The run that a leak came from, and the resource that carried it."""


class LeakSources:
    """The search for sources of what is foreign in the runs of a crowd."""

    def __init__(self, crowd: Crowd, proofs: Proofs) -> None:
        self._crowd = crowd
        self._proofs = proofs
        self._leaks: dict[tuple[RunKey, str], Choice | None] = {}
        self._named: dict[tuple[RunKey, str, Fact, Location], Trail] = {}

    def trail(self, key: RunKey, owner: str, location: Location, fact: Fact) -> Trail | None:
        """Where a value of a leak came from: the source that all values of one owner in one run share."""
        if (key, owner) not in self._leaks:
            self._leaks[key, owner] = self._source(key, owner)
        choice = self._leaks[key, owner]
        if choice is None or fact[1] not in choice[0].firsts:
            return None
        slot = key, owner, fact, location
        if slot not in self._named:
            self._named[slot] = _named(choice, location, fact)
        return self._named[slot]

    def _source(self, key: RunKey, owner: str) -> Choice | None:
        victim = self._crowd.runs[key]
        proven = self._proofs[key].items()
        facts = [fact for fact, proof in proven if self._crowd.session(proof.owner) == owner]
        texts: dict[str, datetime] = {}
        for place, text in facts:
            at = victim.times[victim.places[place][text]]
            texts[text] = min(at, texts.get(text, at))
        suspects = self._suspects(victim, texts)
        owning = [one for one in suspects if self._owns(one, victim)]
        left = [one for one in suspects if one.held_before(texts)]
        run = victim.load()
        left, resource = _by_carrier(left, run, max(texts.values()))
        if resource is None and not any(one in left for one in owning):
            left = sorted(owning, key=lambda one: (one.first_at, one.run.key))[:1] or left
        left = [one for one in left if one in owning] or left
        left = _with_objects(left, victim, run, facts) or left
        return (max(left, key=lambda one: one.run.key), resource) if left else None

    def _suspects(self, victim: SeenRun, texts: Iterable[str]) -> list[Suspect]:
        """All other runs that held a value of the leak."""
        firsts: dict[RunKey, dict[str, int]] = {}
        for text in texts:
            for run in self._crowd.holding(text):
                if run is not victim:
                    firsts.setdefault(run.key, {})[text] = min(
                        held[text] for held in run.places.values() if text in held
                    )
        return [Suspect(self._crowd.runs[key], held) for key, held in sorted(firsts.items())]

    def _owns(self, suspect: Suspect, victim: SeenRun) -> bool:
        """Whether it is a run of another session that is no victim of a value."""
        if suspect.run.session == victim.session:
            return False
        taken = {text for _, text in self._proofs.get(suspect.run.key, {})}
        return any(text not in taken for text in suspect.firsts)


def _by_carrier(suspects: Sequence[Suspect], victim: Run, held_at: datetime) -> tuple[list[Suspect], str | None]:
    firsts = [one.first_at for one in suspects]
    numbers, resource = carried(firsts, lambda number: suspects[number].run.load().events, victim, held_at)
    return [suspects[number] for number in numbers], resource


def _with_objects(suspects: Sequence[Suspect], victim: SeenRun, run: Run, facts: Iterable[Fact]) -> list[Suspect]:
    """Those that held the whole object around the most of the values."""
    if len(suspects) < 2:
        return list(suspects)
    wanted: dict[str, list[Want]] = {}
    for fact in facts:
        context = run.snapshots[victim.places[fact[0]][fact[1]]].event.context
        location = standing(context, (fact,))[0].location
        if len(location) > 1:
            wanted.setdefault(fact[1], []).append(Want.of(value_at(context, location[:-1]), as_text=False))
    counts = [sum(_held_whole(one, text, wants) for text, wants in wanted.items()) for one in suspects]
    most = max(counts)
    return [one for one, count in zip(suspects, counts, strict=True) if count == most] if most else []


def _held_whole(suspect: Suspect, text: str, wants: Iterable[Want]) -> int:
    if text not in suspect.firsts:
        return 0
    contexts: list[Any] = []
    for snapshot in suspect.run.load().snapshots[suspect.firsts[text] :]:
        contexts.append(snapshot.event.context)
    return sum(any(want.places(context) for context in contexts) for want in wants)


def _named(choice: Choice, location: Location, fact: Fact) -> Trail:
    """The source at the victim's own path if it holds the value there, else at the first in document order."""
    suspect, resource = choice
    run, text = suspect.run.load(), fact[1]
    event = run.snapshots[suspect.firsts[text]].event
    found = [
        one.location
        for one in standing(
            event.context, [(one, text) for one, held in suspect.run.places.items() if text in held]
        )
    ]
    place = location if location in found else found[0]
    return Trail(Source(run.run_id, event.step, render(place), resource, event.event_id, event.occurred_at), run)
