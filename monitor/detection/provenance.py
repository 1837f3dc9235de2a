"""Turns findings into anomalies: where the value came from, the leak class, and the sentence.

Source: RULES.md, "Leak class" and "Source".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.detection.anomaly import Anomaly, AnomalyKey, Finding
from monitor.detection.catalogue import rule_by_id
from monitor.detection.message import sentence
from monitor.detection.rule import LeakClass, Rule
from monitor.detection.sources import SourceSearch, Trail
from monitor.detection.values import value_key
from monitor.detection.views import Lookup, RunView

__all__ = ["Lookup", "RunView", "attribute"]


Trails = Mapping[tuple[AnomalyKey, int], Trail | None]


def attribute(
    findings: Iterable[Finding], *, victim: RunView, lookup: Lookup, known: Trails | None = None
) -> tuple[Anomaly, ...]:
    """The findings of one run as anomalies with class, source and message, in the same order.

    `known` are the trails that need not be searched for, by key and owner of the finding.

    The answer depends on the runs that `lookup` reaches, not on the order it gives them in. Raises
    KeyError for a finding of a rule that is not in the catalogue.
    """
    search = SourceSearch(victim, lookup)
    trails: dict[tuple[str, int, str, bytes], Trail | None] = {}
    anomalies = []
    for finding in findings:
        rule, trail = rule_by_id(finding.rule), None
        if known is not None and (finding.key, finding.owner) in known:
            trail = known[finding.key, finding.owner]
        elif finding.source is None and _is_sought(rule, finding):
            key = (finding.rule, finding.owner, finding.path, value_key(finding.wants))
            if key not in trails:
                trails[key] = search.source(rule, finding)
            trail = trails[key]
        anomalies.append(_anomaly(finding, rule, trail, victim))
    return tuple(anomalies)


def _is_sought(rule: Rule, finding: Finding) -> bool:
    return finding.since is not None or (rule.blame != "none" and finding.wants is not None)


def _anomaly(finding: Finding, rule: Rule, trail: Trail | None, victim: RunView) -> Anomaly:
    source = trail.source if trail else finding.source
    leak_class = rule.leak_class or _class_by_source(finding, rule, trail, victim)
    return Anomaly(
        rule=finding.rule,
        severity=finding.severity,
        run_id=finding.run_id,
        workflow=finding.workflow,
        step=finding.step,
        phase=finding.phase,
        attempt=finding.attempt,
        branch=finding.branch,
        path=finding.path,
        expected=finding.expected,
        observed=finding.observed,
        event_id=finding.event_id,
        occurred_at=finding.occurred_at,
        leak_class=leak_class,
        source=source,
        message=sentence(rule, finding, source),
        owner=finding.owner,
        evidence=finding.evidence,
    )


def _class_by_source(finding: Finding, rule: Rule, trail: Trail | None, victim: RunView) -> LeakClass:
    if trail is None:
        return rule.without_source
    mine = victim.runs[finding.owner]
    if mine.is_kin_of(trail.run):
        return "scoping"
    return "temporal" if trail.run.last_at < mine.first_at else "spatial"
