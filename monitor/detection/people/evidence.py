"""What convinces an engineer that a value is another person's.

Source: FOREIGN-VALUE.md, "What the anomaly shows".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from monitor.detection.people.proofs import ProofKind


@dataclass(frozen=True, slots=True)
class OwnerSeen:
    """The event in which the owner held the value first; `before_seconds` is how long before the victim's.

    It is negative where the victim held it before its owner did (the reply on its way to the owner).
    """

    session: str
    run_id: str
    step: str
    path: str
    event_id: str
    occurred_at: datetime
    before_seconds: float


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where this session's own value stands: at the path's mirror, or at the path itself.

    Of a mirror, `equal` of the `both` runs that hold something at both paths hold the same there.
    """

    path: str
    value: Any
    equal: int | None = None
    both: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """How far the path is unique to a person: sessions and values there, and those that break the pattern."""

    sessions: int
    values: int
    unproven: int
    several: int
    common: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a value is another person's.

    `own_paths` and `owner_paths` are the leaves of the event by whose they are, in document order.
    `beside` is the path of the proven value that this one goes with. `carriers` names what both
    runs touched or ran on (`worker=w1`, `redis:cart:current`); `victims` are the other runs in which
    the same value is foreign, at most 20, of `victim_count` in all.
    """

    proof: ProofKind
    owner: OwnerSeen
    own: Contradiction | None
    unique: Pattern | None
    beside: str | None
    own_paths: tuple[str, ...]
    owner_paths: tuple[str, ...]
    carriers: tuple[str, ...]
    victims: tuple[str, ...]
    victim_count: int

    @property
    def sentence(self) -> str:
        """The proof in one sentence; it holds no value, so that it may be shown to anybody."""
        match self.proof:
            case "mirror" if self.own is not None:
                return (
                    f"It equals {self.own.path} in {self.own.equal} of {self.own.both} runs; "
                    "here it is another person's"
                )
            case "replaced" if self.unique is not None:
                return (
                    f"The path is unique to a person in all but {self.unique.unproven} of {self.unique.sessions} "
                    "sessions, and this person has a value of their own there"
                )
            case "alongside":
                return f"It stands beside {self.beside}, which is proven to be the same person's"
        return "The path is private, and another person held the value first"

    def as_json(self) -> dict[str, Any]:
        """The evidence as plain JSON; times are RFC 3339 in UTC."""
        return {
            "proof": self.proof,
            "owner": _plain(self.owner) | {"occurred_at": self.owner.occurred_at.isoformat()},
            "own": _plain(self.own) if self.own is not None else None,
            "unique": _plain(self.unique) if self.unique is not None else None,
            "beside": self.beside,
            "own_paths": list(self.own_paths),
            "owner_paths": list(self.owner_paths),
            "carriers": list(self.carriers),
            "victims": list(self.victims),
            "victim_count": self.victim_count,
            "sentence": self.sentence,
        }


def _plain(one: OwnerSeen | Contradiction | Pattern) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def has_moved(stored: Any, fresh: Any) -> bool:
    """Whether evidence, as JSON, says something else by now: more than that a count moved by less than a tenth.

    Every further run moves the counts a little; what convinces an engineer does not change with it.
    """
    if not isinstance(stored, dict):
        return bool(stored != fresh)
    before, after = _counts(stored), _counts(fresh)
    if _uncounted(stored) != _uncounted(fresh) or before.keys() != after.keys():
        return True
    return any(abs(count - after[name]) * 10 > max(count, after[name]) for name, count in before.items())


def _counts(evidence: Mapping[str, Any]) -> dict[str, int]:
    own, unique = evidence.get("own") or {}, evidence.get("unique") or {}
    counted = {
        "equal": own.get("equal"),
        "both": own.get("both"),
        "victims": evidence.get("victim_count"),
        **unique,
    }
    return {name: count for name, count in counted.items() if count is not None}


def _uncounted(evidence: Mapping[str, Any]) -> dict[str, Any]:
    rest = {
        name: one
        for name, one in evidence.items()
        if name not in {"sentence", "unique", "victims", "victim_count"}
    }
    own = rest.get("own")
    return {**rest, "own": own and [own.get("path"), own.get("value")]}
