"""What every rule is: what it says about itself, and one question asked at each event of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from monitor.detection.anomaly import Finding, Source
from monitor.detection.context_map import ContextMap
from monitor.detection.diff import shown
from monitor.detection.event import Event
from monitor.detection.held import Want
from monitor.detection.identity import Kind
from monitor.detection.paths import Location, render
from monitor.detection.scene import Reused, Scene

__all__ = ["Guide", "LeakClass", "Moment", "Reused", "Rule", "Scene"]

RuleKind = Literal["state", "change", "run"]
Severity = Literal["warning", "high", "critical"]
LeakClass = Literal["temporal", "spatial", "scoping", "integrity", "unknown"]
Blame = Literal["owner", "residue", "inside", "none"]
"""Where a rule's source is sought: with the value's owner, with whoever left it, in the run, nowhere."""
Moment = Literal["any", "enter", "exit", "first", "final", "strange", "never"]
"""The events at which a rule has something to do (strange: an identity in them is not the run's own)."""


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
    the rule looks for in other runs, if any. `moment` says at which events it is asked.
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
    moment: ClassVar[Moment] = "any"
    guide: ClassVar[Guide]

    def want(self, finding: Finding) -> Want | None:
        """The value that other runs are searched for, or None where the source is in the run, or nowhere."""
        if finding.wants is None or self.blame not in ("owner", "residue"):
            return None
        return Want.of(finding.wants, as_text=self.identity is not None, token=finding.token)

    def speaks(self, context_map: ContextMap | None) -> bool:  # noqa: ARG002 - asked of rules that need a map
        """Whether the rule has what it needs; without it, it is silent and its answer is "not evaluated"."""
        return True

    @abstractmethod
    def judge(self, scene: Scene) -> Iterable[Finding]:
        """What the rule finds at one event, in document order."""

    def finding(
        self,
        scene: Scene,
        location: Location,
        *,
        expected: Any,
        observed: Any,
        wants: Any = None,
        source: Source | None = None,
        since: str | None = None,
    ) -> Finding:
        """A finding of this rule at a place of the scene's event; `source` where the rule knows it itself."""
        return finding_at(
            self,
            scene.event,
            location,
            owner=scene.owner,
            expected=expected,
            observed=observed,
            wants=wants,
            source=source,
            since=since,
        )


def finding_at(
    rule: Rule,
    event: Event,
    location: Location,
    *,
    owner: int,
    expected: Any,
    observed: Any,
    wants: Any = None,
    source: Source | None = None,
    since: str | None = None,
    token: str | None = None,
    evidence: Any = None,
) -> Finding:
    """A finding of a rule at a place of an event; `owner` is the number of the run behind a reused run id."""
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        run_id=event.run_id,
        workflow=event.workflow,
        step=event.step,
        phase=event.phase,
        attempt=event.attempt,
        branch=event.branch,
        path=render(location),
        expected=shown(expected),
        observed=shown(observed),
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        wants=wants,
        location=location,
        owner=owner,
        source=source,
        since=since,
        token=token,
        evidence=evidence,
    )
