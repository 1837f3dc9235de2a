"""Which sessions are one person's. Source: FOREIGN-VALUE.md, "Person" and step 5 of its algorithm."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from monitor.detection.people.agreement import Weigh
from monitor.detection.people.crowd import Crowd
from monitor.detection.people.weights import Matching


class Persons:
    """The person behind each session: each session joins the earlier one that it agrees with best.

    `robbed` names, for each session, the sessions whose values were proven to stand in it: nobody is
    the person that a value of theirs was taken from. `taken` is what it has in common with them, which
    says nothing about it.
    """

    def __init__(
        self,
        crowd: Crowd,
        matching: Matching,
        weigh: Weigh,
        robbed: Mapping[str, frozenset[str]],
        taken: Mapping[str, Collection[str]],
    ) -> None:
        self._root: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._robbed = robbed
        for name in crowd.sessions:
            found = matching.best(name, weigh=weigh, taken=taken, never=robbed.get(name, frozenset()))
            root = self._root[found[0]] if found is not None else name
            if any(self._is_forbidden(name, member) for member in self._members.get(root, ())):
                root = name
            self._root[name] = root
            self._members.setdefault(root, []).append(name)

    def of(self, session: str) -> str:
        """The person of a session, by the name of their earliest session."""
        return self._root[session]

    def members(self, session: str) -> Sequence[str]:
        """The sessions of the same person, in the order of time."""
        return self._members[self._root[session]]

    def same(self, one: str, other: str) -> bool:
        """Whether two sessions are one person's."""
        return self._root[one] == self._root[other]

    def _is_forbidden(self, one: str, other: str) -> bool:
        return other in self._robbed.get(one, ()) or one in self._robbed.get(other, ())
