"""A run as foreign-value sees it: which event held which value first at which place.

Source: FOREIGN-VALUE.md, "Doing it at 5,000 events a second".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.detection.people.places import Place
from monitor.detection.runs import Run

Fact = tuple[Place, str]
"""A value's text and the place where it stands."""
RunName = tuple[str, int]
"""A run id, and the number of the run behind it."""
RunKey = tuple[datetime, str, int]
"""What runs are ordered by: when they began, then their name."""


@dataclass(slots=True, eq=False)
class SeenRun:
    """A run as this rule sees it: `places` tells for each value at a place which event held it first, by number.

    `session` is the unit that owns: the run's own session, else that of its nearest ancestor that
    has one. `times` are those of these events, `ended_at` is that of the run's last one, `ancestors`
    are its ancestors by name.
    `inherited` are values that an ancestor held: the run has no claim to these. `load` gives the run itself,
    for its contexts.
    """

    key: RunKey
    workflow: str
    session: str
    times: Mapping[int, datetime]
    ended_at: datetime
    ancestors: tuple[RunName, ...]
    places: dict[Place, dict[str, int]]
    load: Callable[[], Run]
    inherited: frozenset[str] = field(default_factory=frozenset)

    @property
    def run_id(self) -> str:
        """The id it goes by."""
        return self.key[1]

    @property
    def name(self) -> RunName:
        """Its id and number."""
        return self.key[1:]

    @property
    def texts(self) -> frozenset[str]:
        """All its values, wherever they stand."""
        return frozenset(text for held in self.places.values() for text in held)

    @property
    def facts(self) -> frozenset[Fact]:
        """All its values with the places where they stand."""
        return frozenset([(place, text) for place, held in self.places.items() for text in held])

    def forget(self, texts: frozenset[str]) -> None:
        """Drops what stands here by right of somebody else: an ancestor of another session held it."""
        kept = {
            place: {text: at for text, at in held.items() if text not in texts}
            for place, held in self.places.items()
        }
        self.places = {place: held for place, held in kept.items() if held}


def inherit(runs: Iterable[SeenRun]) -> None:
    """Lets each run know what its ancestors held, and drops from it what one of another session held."""
    by_name = {run.name: run for run in runs}
    held: dict[RunName, frozenset[str]] = {}
    for run in by_name.values():
        for name in run.ancestors:
            if name in by_name and name not in held:
                held[name] = by_name[name].texts
    for run in by_name.values():
        known = [name for name in run.ancestors if name in held]
        if known:
            run.inherited = frozenset().union(*(held[name] for name in known))
            others = [held[name] for name in known if by_name[name].session != run.session]
            if others:
                run.forget(frozenset().union(*others))
