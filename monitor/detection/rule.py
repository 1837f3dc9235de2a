"""What every rule is: what it says about itself, and one question asked at each event of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.identity import Identity, Kin, Kind
from monitor.detection.paths import Location, render
from monitor.detection.snapshot import Snapshot

RuleKind = Literal["state", "change", "run"]
Severity = Literal["warning", "high", "critical"]
LeakClass = Literal["temporal", "spatial", "scoping", "integrity", "unknown"]
Blame = Literal["owner", "residue", "inside", "none"]
"""Where a rule's source is sought: with the value's owner, with whoever left it, in the run, nowhere."""


@dataclass(frozen=True, slots=True)
class Reused:
    """A run id that stands for several runs: what the first of them asserted, and what this one did.

    `event_id` is this one's first event that asserted it.
    """

    first: str
    this: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a rule may look at when it judges one event of a run.

    `first` and `final` say whether the event opens or ends the run. `stood` holds the kind and
    location of the run's own identity values at earlier events of the line. `reused` is set where
    the run is a later one behind a reused run id. `owner` is the number of that run.
    """

    event: Event
    snapshot: Snapshot
    context_map: ContextMap | None
    own: Identity
    kin: Kin
    first: bool
    final: bool
    stood: Collection[tuple[Kind, Location]]
    reused: Reused | None = None
    owner: int = 0


@dataclass(frozen=True, slots=True)
class Guide:
    """A rule in plain English, for its page in the product and for docs/rules.md.

    `leaking` and `clean` are examples in a sentence each; `fix` is the playbook, one step a line.
    """

    summary: str
    why: str
    leaking: str
    clean: str
    false_positives: str
    fix: tuple[str, ...]
    source: str


class Rule(ABC):
    """One rule of RULES.md. It is stateless: what it needs to remember stands in the scene.

    `says` is what is wrong in one sentence without its full stop; it may name {run_id}, {place},
    {observed} and {expected}. `needs` names what must be declared for the rule to speak ("" for
    nothing). `leak_class` is its fixed class, or None where the class follows from the source;
    `without_source` is the class where no source was seen. `identity` is the kind of identity that
    the rule looks for in other runs, if any.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    says: ClassVar[str]
    severity: ClassVar[Severity]
    kind: ClassVar[RuleKind]
    needs: ClassVar[str] = ""
    blame: ClassVar[Blame] = "none"
    leak_class: ClassVar[LeakClass | None] = "integrity"
    without_source: ClassVar[LeakClass] = "unknown"
    identity: ClassVar[Kind | None] = None
    guide: ClassVar[Guide]

    def speaks(self, context_map: ContextMap | None) -> bool:  # noqa: ARG002 - asked of rules that need a map
        """Whether the rule has what it needs; without it, it is silent and its answer is "not evaluated"."""
        return True

    @abstractmethod
    def judge(self, scene: Scene) -> Iterable[Finding]:
        """What the rule finds at one event, in document order."""

    def finding(
        self, scene: Scene, location: Location, *, expected: Any, observed: Any, wants: Any = None
    ) -> Finding:
        """A finding of this rule at a place of the scene's event."""
        event = scene.event
        return Finding(
            rule=self.id,
            severity=self.severity,
            run_id=event.run_id,
            workflow=event.workflow,
            step=event.step,
            phase=event.phase,
            attempt=event.attempt,
            branch=event.branch,
            path=render(location),
            expected=expected,
            observed=observed,
            event_id=event.event_id,
            occurred_at=event.occurred_at,
            wants=wants,
            location=location,
            owner=scene.owner,
        )
