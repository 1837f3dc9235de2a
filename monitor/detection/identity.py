"""Whose context it is: a run's identity, its family's, and where a context says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["execution_id", "session", "tenant"]
KINDS: tuple[Kind, ...] = ("execution_id", "session", "tenant")

_SNAKE_NAMES: dict[Kind, tuple[str, ...]] = {
    "execution_id": ("execution_id", "pipeline_run_id"),
    "session": ("session_id", "session_key"),
    "tenant": ("tenant_id", "org_id"),
}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


DEFAULT_NAMES: dict[str, Kind] = {
    spelling: kind for kind, names in _SNAKE_NAMES.items() for name in names for spelling in (name, _camel(name))
}
"""Field names that say whose context it is, at any depth, with no map at all (EVENTS.md)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The three identity values of a run as text; None is one that nobody has named."""

    execution_id: str | None = None
    session: str | None = None
    tenant: str | None = None

    def of(self, kind: Kind) -> str | None:
        """The value of one kind."""
        if kind == "execution_id":
            return self.execution_id
        return self.session if kind == "session" else self.tenant


@dataclass(frozen=True, slots=True)
class KinRun:
    """A relative of a run: its own identity, what its orchestrator asserted of it, and its parent.

    `number` tells the runs behind a reused run id apart; it is 0 for every other run. `first_at` is
    when it began, by the sender's clock.
    """

    run_id: str
    own: Identity
    asserted: Identity
    parent_run_id: str | None = None
    number: int = 0
    first_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kin:
    """A run's family as its rules need it, nearest first, without the run itself."""

    ancestors: tuple[KinRun, ...] = ()
    descendants: tuple[KinRun, ...] = ()
