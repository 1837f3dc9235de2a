"""The values that more than one session holds where values find an owner: all that verdicts can be about.

Nine of ten values are never seen elsewhere. They are their only holder's own and need no look-up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from monitor.detection.people.crowd import Crowd, Moment
from monitor.detection.people.places import Place


class Sharing:
    """Where the values of owning places stand, and which of them several sessions hold."""

    def __init__(self, crowd: Crowd, owning: Collection[Place]) -> None:
        self._crowd = crowd
        self.places: dict[str, list[Place]] = {}
        """The owning places of each value."""
        self.shared: set[str] = set()
        """The values that several sessions hold."""
        for place in sorted(owning, key=lambda place: place.key):
            for text, moments in crowd.facts[place].items():
                known = self.places.get(text)
                if known is None:
                    self.places[text] = [place]
                    if len(moments) > 1:
                        self.shared.add(text)
                    continue
                if text not in self.shared and (
                    len(moments) > 1 or self._holder(moments) != self._holder(crowd.facts[known[0]][text])
                ):
                    self.shared.add(text)
                known.append(place)

    def _holder(self, moments: Sequence[Moment]) -> str:
        return self._crowd.session(moments[0])

    def holders(self, text: str) -> list[str]:
        """The sessions that hold a value at any owning place, in the order of time."""
        crowd = self._crowd
        moments = sorted({moment for place in self.places[text] for moment in crowd.facts[place][text]})
        return list(dict.fromkeys(crowd.session(moment) for moment in moments))
