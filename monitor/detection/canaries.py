"""Canary tokens: which were issued to which run, and where they stand in runs of other families.

Source: RULES.md, `canary-escaped`; EVENTS.md, `attributes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.detection.anomaly import Finding
from monitor.detection.event import Event
from monitor.detection.paths import Location
from monitor.detection.reuse import Reuse
from monitor.detection.rule import Rule, finding_at
from monitor.detection.runs import Run
from monitor.detection.snapshot import Part
from monitor.detection.values import is_fingerprint

ATTRIBUTE = "canary"
RunName = tuple[str, int]
"""A run id, and the number of the run behind it."""
Issuers = Mapping[str, Collection[RunName]]
"""The runs that each canary was issued to."""


def issued_by(events: Sequence[Event]) -> set[tuple[str, RunName]]:
    """The canaries that these events of one run id issue, each with the run behind the id."""
    if not any(ATTRIBUTE in event.attributes for event in events):
        return set()
    parts = enumerate(Reuse.of(events).parts)
    issued = ((event.attributes.get(ATTRIBUTE), number) for number, part in parts for event in part.events)
    return {(token, (events[0].run_id, number)) for token, number in issued if token}


@dataclass(slots=True)
class Canaries:
    """The canaries of a project, ready to be looked for."""

    issuers: Issuers
    _found: dict[int, tuple[Part, list[tuple[Location, str, str]]]] = field(default_factory=dict)

    def within(self, part: Part, name: str) -> list[tuple[Location, str, str]]:
        """Where canaries stand in a member of a context: the place, the string there, and the canary."""
        known = self._found.get(id(part))
        if known is None:
            known = self._found[id(part)] = part, list(self._search(part.value, (name,)))
        return known[1]

    def _search(self, value: Any, location: Location) -> Iterable[tuple[Location, str, str]]:
        if isinstance(value, str):
            yield from ((location, value, token) for token in self._tokens(value))
        elif isinstance(value, dict):
            for name in sorted(value):
                yield from self._search(value[name], (*location, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._search(item, (*location, index))

    def _tokens(self, text: str) -> Iterable[str]:
        if is_fingerprint(text):
            return (text,) if text in self.issuers else ()
        return (token for token in self.issuers if token in text and not is_fingerprint(token))


def contains(text: Any, token: str) -> bool:
    """Whether a text holds a canary: contains it, or of fingerprints equals it."""
    if not isinstance(text, str):
        return False
    return text == token or (token in text and not is_fingerprint(text) and not is_fingerprint(token))


def places_of(token: str, value: Any, location: Location = ()) -> Iterable[Location]:
    """Where a canary stands in a context, in document order."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from places_of(token, value[name], (*location, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places_of(token, item, (*location, index))
    elif contains(value, token):
        yield location


def escaped(run: Run, canaries: Canaries, rule: Rule) -> Iterable[Finding]:
    """A finding at each string of a run's contexts that holds a canary issued to no run of its family."""
    family = {(one.run_id, one.number) for one in (*run.kin.ancestors, *run.kin.descendants)}
    family.add((run.run_id, run.number))
    for snapshot in run.snapshots:
        for name in sorted(snapshot.parts):
            for location, text, token in canaries.within(snapshot.parts[name], name):
                if family.isdisjoint(canaries.issuers[token]):
                    yield finding_at(
                        rule,
                        snapshot.event,
                        location,
                        owner=run.number,
                        expected=None,
                        observed=text,
                        wants=text,
                        token=token,
                    )
