"""Which run a value came from. Source: RULES.md, "Source"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.detection.anomaly import Finding, Source
from monitor.detection.canaries import places_of
from monitor.detection.diff import at
from monitor.detection.event import Event
from monitor.detection.held import Want, value_at
from monitor.detection.paths import Location, render
from monitor.detection.rule import Rule
from monitor.detection.runs import Run, Sighting
from monitor.detection.values import same, value_key
from monitor.detection.views import Lookup, RunView


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that held the value, with its sightings by time."""

    run: Run
    sightings: tuple[Sighting, ...]

    @property
    def first_at(self) -> datetime:
        """When it held the value first."""
        return min(sighting.event.occurred_at for sighting in self.sightings)

    def before(self, moment: datetime) -> Candidate | None:
        """The candidate with only what it held strictly before a moment, if anything."""
        earlier = tuple(one for one in self.sightings if one.event.occurred_at < moment)
        return Candidate(self.run, earlier) if earlier else None


@dataclass(frozen=True, slots=True)
class Trail:
    """A source and the run it stands in, for the leak class."""

    source: Source
    run: Run


class SourceSearch:
    """The search for one victim's sources; what several findings ask for is looked up once."""

    def __init__(self, victim: RunView, lookup: Lookup) -> None:
        self._victim = victim
        self._lookup = lookup
        self._candidates: dict[Want, tuple[Candidate, ...]] = {}

    def source(self, rule: Rule, finding: Finding) -> Trail | None:
        """The source of a finding, or None where no run is known to have held its value."""
        victim = self._victim.runs[finding.owner]
        if rule.blame == "inside":
            return _inside(victim, finding)
        want = rule.want(finding)
        if want is None:
            return None
        mine = [one for one in victim.sightings(want) if finding.location in one.places]
        others = [one for one in self._holding(want) if one.run is not victim]
        owners = [one for one in others if _owns(one.run, rule, want)]
        owning = {id(one.run) for one in owners}
        held_at = mine[0].event.occurred_at
        left = [before for one in others if (before := one.before(held_at)) is not None]
        left, resource = _by_carrier(left, victim, held_at)
        if resource is None and rule.blame == "owner" and not any(id(one.run) in owning for one in left):
            left = _first_after(owners) or left
        left = [one for one in left if id(one.run) in owning] or left
        left = _with_object(left, mine[0], finding.location) or left
        if not left:
            return self._issuer(finding, victim)
        chosen = max(left, key=lambda one: (one.run.first_at, one.run.run_id, one.run.number))
        source = _named(chosen.run.run_id, chosen.sightings[0], finding.location, resource)
        return Trail(source, chosen.run)

    def _issuer(self, finding: Finding, victim: Run) -> Trail | None:
        """Of a canary in a text that nobody else held: the latest run that it was issued to, and where first."""
        token = finding.token
        runs = (run for view in self._lookup.holders(value_key(token)) for run in view.runs) if token else ()
        issuers = [run for run in runs if run is not victim and token in run.canaries]
        if token is None or not issuers:
            return None
        run = max(issuers, key=lambda one: (one.first_at, one.run_id, one.number))
        held = ((event, place) for event in run.events for place in places_of(token, event.context))
        event, place = next(held, (run.events[0], ()))
        return Trail(Source(run.run_id, event.step, render(place), None, event.event_id, event.occurred_at), run)

    def _holding(self, want: Want) -> tuple[Candidate, ...]:
        if want not in self._candidates:
            views = {view.run_id: view for view in self._lookup.holders(want.key)}
            views[self._victim.run_id] = self._victim
            runs = [run for _, view in sorted(views.items()) for run in view.runs]
            found = [Candidate(run, run.sightings(want)) for run in runs]
            self._candidates[want] = tuple(one for one in found if one.sightings)
        return self._candidates[want]


def _inside(victim: Run, finding: Finding) -> Trail | None:
    """The run's earliest event, after the one that the finding names if any, that holds the value there."""
    events = list(victim.events)
    if finding.since is not None:
        events = events[1 + next(place for place, one in enumerate(events) if one.event_id == finding.since) :]
    for event in events:
        if same(at(event.context, finding.location), finding.wants):
            sighting = Sighting(event, (finding.location,))
            return Trail(_named(finding.run_id, sighting, finding.location, None), victim)
    return None


def _owns(run: Run, rule: Rule, want: Want) -> bool:
    """An id or a canary is its run's own; residue belongs to the run of whose steps one set it."""
    if want.token is not None:
        return want.token in run.canaries
    if rule.identity is not None:
        return bool(run.own.of(rule.identity) == want.value)
    return not want.places(run.events[0].context)


def _by_carrier(candidates: list[Candidate], victim: Run, held_at: datetime) -> tuple[list[Candidate], str | None]:
    firsts = [one.first_at for one in candidates]
    numbers, resource = carried(firsts, lambda number: candidates[number].run.events, victim, held_at)
    return [candidates[number] for number in numbers], resource


def carried(
    firsts: Sequence[datetime], events_of: Callable[[int], Iterable[Event]], victim: Run, held_at: datetime
) -> tuple[Sequence[int], str | None]:
    """Which runs wrote last under a key that the victim then read, and that key; else all of them.

    The runs go by number: `firsts` says when each held the value first, `events_of` gives its events and is
    only asked where the victim had read something by `held_at`.
    """
    read_at: dict[tuple[str, str], datetime] = {}
    for event in sorted(victim.events, key=lambda event: event.occurred_at):
        if event.occurred_at <= held_at:
            read_at.update([((a.store, a.key), event.occurred_at) for a in event.accesses if a.op == "read"])
    writes = [
        (event.occurred_at, number, f"{access.store}:{access.key}")
        for number, first_at in enumerate(firsts if read_at else ())
        for event in events_of(number)
        for access in event.accesses
        if access.op == "write"
        and first_at <= event.occurred_at < read_at.get((access.store, access.key), first_at)
    ]
    if not writes:
        return range(len(firsts)), None
    last = max(at for at, _, _ in writes)
    kept = sorted({number for at, number, _ in writes if at == last})
    return kept, min(resource for at, _, resource in writes if at == last)


def _first_after(owners: Sequence[Candidate]) -> list[Candidate]:
    if not owners:
        return []
    first = min(owners, key=lambda one: (one.first_at, one.run.run_id, one.run.number))
    return [Candidate(first.run, (min(first.sightings, key=lambda one: one.event.occurred_at),))]


def _with_object(candidates: list[Candidate], mine: Sighting, location: Location) -> list[Candidate]:
    """Those that held the whole object around the value."""
    if len(location) < 2:
        return candidates
    around = value_at(mine.event.context, location[:-1])
    whole = Want.of(around, as_text=False)
    return [one for one in candidates if any(whole.places(sighting.event.context) for sighting in one.sightings)]


def _named(run_id: str, sighting: Sighting, location: Location, resource: str | None) -> Source:
    place = location if location in sighting.places else sighting.places[0]
    event = sighting.event
    return Source(run_id, event.step, render(place), resource, event.event_id, event.occurred_at)
