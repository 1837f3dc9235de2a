"""What a rule says about a run, before and after the source of the leak is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

AnomalyKey = tuple[str, str, str, str, int, str | None, str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a leaked value came from: the run, step and path that held it, and what carried it.

    `resource` is `store:key` of the shared resource that the source wrote and the victim read, or
    None. `occurred_at` is the sender's time of the event that held the value. Source: RULES.md.
    """

    run_id: str
    step: str
    path: str
    resource: str | None
    event_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise at one place of one run, before its source is known.

    `path` is a normalized path as RULES.md writes it; `expected` and `observed` are JSON values.
    `occurred_at` is the sender's time of the event. `location` is the same path as names and
    indexes. `owner` numbers the run behind a reused run id (0 for every other run).
    """

    rule: str
    severity: str
    run_id: str
    workflow: str
    step: str
    phase: str
    attempt: int
    branch: str | None
    path: str
    expected: Any
    observed: Any
    event_id: str
    occurred_at: datetime
    wants: Any = None
    """The value to look for in other runs; None where the source is inside the run, or there is none."""
    location: tuple[str | int, ...] = field(default=(), compare=False)
    owner: int = field(default=0, compare=False)
    source: Source | None = None
    """Where the value came from, where the rule knows it without a search."""
    since: str | None = field(default=None, compare=False)
    """The event id after which the run itself is searched for the value."""
    token: str | None = field(default=None, compare=False)
    """The canary that stands in the value."""
    evidence: Any = field(default=None, compare=False)
    """What convinces an engineer, as plain JSON, where the rule has more to show than the two values."""

    @property
    def key(self) -> AnomalyKey:
        """What makes two findings the same anomaly: at most one stands for each key (RULES.md)."""
        return self.rule, self.run_id, self.step, self.phase, self.attempt, self.branch, self.path


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A finding with its leak class, its source where one was seen, and one plain sentence.

    `leak_class` is temporal, spatial, scoping, integrity or unknown. The other fields are the
    finding's. Source: RULES.md, "Leak class" and "Source"; INTERFACES.md, "Command line".
    """

    rule: str
    severity: str
    run_id: str
    workflow: str
    step: str
    phase: str
    attempt: int
    branch: str | None
    path: str
    expected: Any
    observed: Any
    event_id: str
    occurred_at: datetime
    leak_class: str
    source: Source | None
    message: str
    owner: int = 0
    """The number of the run behind a reused run id, like its finding's; 0 for every other run."""
    evidence: Any = field(default=None, compare=False)
    """Its finding's."""

    @property
    def key(self) -> AnomalyKey:
        """The same key as its finding's."""
        return self.rule, self.run_id, self.step, self.phase, self.attempt, self.branch, self.path
