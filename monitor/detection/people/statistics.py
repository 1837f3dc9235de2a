"""Which places tell people apart, from counts of sessions and values alone. Source: FOREIGN-VALUE.md, "Owner"."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from monitor.detection.people.crowd import Crowd
from monitor.detection.people.places import Place

MIN_SESSIONS = 5
MIN_VALUES = 5
SESSIONS_A_VALUE = 5


@dataclass(frozen=True, slots=True)
class PlaceCounts:
    """How many sessions hold something at a place, how many values stand there, and the widest spread one.

    `top` is the number of sessions that hold the most frequent value.
    """

    sessions: int = 0
    values: int = 0
    top: int = 0

    @property
    def tells_apart(self) -> bool:
        """Whether the values here tell people apart: neither thin history nor shared vocabulary."""
        return (
            self.sessions >= MIN_SESSIONS
            and self.values >= MIN_VALUES
            and self.values * SESSIONS_A_VALUE >= self.sessions
            and self.top * 2 <= self.sessions
        )

    @property
    def is_personal(self) -> bool:
        """Whether there is about one value a session or two, as of names and ids, and not of vocabulary."""
        return self.values * 2 >= self.sessions


class Statistics:
    """The counts of every place of a project, and what follows from them."""

    def __init__(self, crowd: Crowd) -> None:
        sessions: dict[Place, int] = dict.fromkeys(crowd.facts, 0)
        for session in crowd.sessions.values():
            for place in session.places:
                sessions[place] += 1
        self.counts = {
            place: PlaceCounts(sessions[place], len(here), max(map(len, here.values())))
            for place, here in crowd.facts.items()
        }
        self.telling = frozenset(place for place, counts in self.counts.items() if counts.tells_apart)
        """Places whose values tell people apart."""
        named = {place.trail for place in crowd.facts if place.privacy == "named"}
        self.private = frozenset(
            place
            for place, here in crowd.facts.items()
            if place.trail in named or (place.privacy and (place in self.telling or _say_much(here)))
        )
        """Places that a map calls private, be it that of another workflow with the same path."""
        self.owning = self.telling | self.private
        """Places at which a value finds its owner."""


def _say_much(texts: Collection[str]) -> bool:
    """Whether the texts of a place in a private object are mostly more than words of a vocabulary (gold, de)."""
    return sum(any(char.isdigit() or char == "@" for char in text) for text in texts) * 2 > len(texts)
