"""All sessions of a project and who holds a value: the facts that verdicts are derived from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.detection.people.places import Place
from monitor.detection.people.seen import RunKey, SeenRun

NEIGHBOURS = 8
"""Of the holders of a value, so many of the earliest and of the latest are looked at."""

Moment = int
"""An event of a run, numbered in the order of time over the whole project; ties go by the runs' order."""


class Session:
    """What one session held over all of its runs, and the moment from which it did: by place, and anywhere."""

    __slots__ = ("_firsts", "name", "places", "runs")

    def __init__(self, name: str, runs: Sequence[SeenRun], places: dict[Place, dict[str, Moment]]) -> None:
        self.name = name
        self.runs = runs
        self.places = places
        self._firsts: dict[str, Moment] | None = None

    @property
    def firsts(self) -> Mapping[str, Moment]:
        """Each of its values, with when it was first held, wherever it stood."""
        if self._firsts is None:
            self._firsts = {}
            for held in self.places.values():
                for text, moment in held.items():
                    if moment < self._firsts.get(text, moment + 1):
                        self._firsts[text] = moment
        return self._firsts


class Crowd:
    """The sessions of a project in the order of time, and the holders of each value."""

    def __init__(self, runs: Iterable[SeenRun]) -> None:
        self.runs: dict[RunKey, SeenRun] = {run.key: run for run in sorted(runs, key=lambda run: run.key)}
        self._events, ranks = _in_time(list(self.runs.values()))
        shares: dict[str, list[SeenRun]] = {}
        for run in self.runs.values():
            shares.setdefault(run.session, []).append(run)
        self.sessions = {name: Session(name, share, _merged(share, ranks)) for name, share in shares.items()}
        self.facts: dict[Place, dict[str, list[Moment]]] = {}
        for session in self.sessions.values():
            for place, held in session.places.items():
                here = self.facts.get(place)
                if here is None:
                    here = self.facts[place] = {}
                for text, moment in held.items():
                    if text in here:
                        here[text].append(moment)
                    else:
                        here[text] = [moment]
        for here in self.facts.values():
            for moments in here.values():
                if len(moments) > 1:
                    moments.sort()

    def holders(self, place: Place, text: str) -> Sequence[Moment]:
        """When each session that holds a value at a place did so first, the earliest first."""
        return self.facts.get(place, {}).get(text, ())

    def near(self, place: Place, text: str) -> tuple[Session, ...]:
        """The sessions that hold a value at a place; of very many, the earliest and the latest."""
        holders = self.holders(place, text)
        if len(holders) > 2 * NEIGHBOURS:
            holders = [*holders[:NEIGHBOURS], *holders[-NEIGHBOURS:]]
        return tuple([self.sessions[self.session(moment)] for moment in holders])

    def places(self, text: str) -> list[Place]:
        """Where a value stands in some run of the project."""
        return [place for place, here in self.facts.items() if text in here]

    def run(self, moment: Moment) -> SeenRun:
        """The run of a moment."""
        return self._events[moment][0]

    def index(self, moment: Moment) -> int:
        """The number of the moment's event in its run."""
        return self._events[moment][1]

    def session(self, moment: Moment) -> str:
        """The session of a moment, by name."""
        return self._events[moment][0].session

    def at(self, moment: Moment) -> datetime:
        """When it was, by the sender's clock."""
        run, index = self._events[moment]
        return run.times[index]

    def holding(self, text: str) -> list[SeenRun]:
        """The runs that hold a value, wherever it stands, in their order."""
        names = {self.session(moment) for place in self.places(text) for moment in self.facts[place][text]}
        runs = [run for name in names for run in self.sessions[name].runs]
        return sorted(
            [run for run in runs if any(text in held for held in run.places.values())], key=lambda run: run.key
        )


def _in_time(runs: Sequence[SeenRun]) -> tuple[list[tuple[SeenRun, int]], dict[RunKey, dict[int, Moment]]]:
    """The events that held something first, in the order of time, and the number of each by run and index."""
    events = []
    for number, run in enumerate(runs):
        events += [(at, number, index) for index, at in run.times.items()]
    events.sort()
    ranks: dict[RunKey, dict[int, Moment]] = {run.key: {} for run in runs}
    for moment, (_, number, index) in enumerate(events):
        ranks[runs[number].key][index] = moment
    return [(runs[number], index) for _, number, index in events], ranks


def _merged(
    runs: Sequence[SeenRun], ranks: Mapping[RunKey, Mapping[int, Moment]]
) -> dict[Place, dict[str, Moment]]:
    merged: dict[Place, dict[str, Moment]] = {}
    for run in runs:
        moments = ranks[run.key]
        for place, held in run.places.items():
            mine = merged.get(place)
            if mine is None:
                merged[place] = {text: moments[index] for text, index in held.items()}
                continue
            for text, index in held.items():
                mine[text] = min(mine.get(text, moments[index]), moments[index])
    return merged
