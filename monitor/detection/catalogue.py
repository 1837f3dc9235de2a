"""The rules in force: an explicit list, so that adding one is a line here and nothing by magic."""

from __future__ import annotations

from monitor.detection.rule import Rule
from monitor.detection.rules.execution_id_changed import ExecutionIdChanged
from monitor.detection.rules.foreign_session import ForeignSession
from monitor.detection.rules.foreign_tenant import ForeignTenant
from monitor.detection.rules.identity_lost import IdentityLost
from monitor.detection.rules.oversized_context import OversizedContext
from monitor.detection.rules.residue_at_end import ResidueAtEnd
from monitor.detection.rules.residue_at_start import ResidueAtStart
from monitor.detection.rules.run_id_reused import RunIdReused
from monitor.detection.rules.uncleared_field import UnclearedField

CATALOGUE: tuple[Rule, ...] = (
    ExecutionIdChanged(),
    ForeignSession(),
    ForeignTenant(),
    RunIdReused(),
    IdentityLost(),
    UnclearedField(),
    ResidueAtStart(),
    ResidueAtEnd(),
    OversizedContext(),
)

_BY_ID = {rule.id: rule for rule in CATALOGUE}


def rule_by_id(rule_id: str) -> Rule:
    """The rule with this public id; raises KeyError for one that is not in the catalogue."""
    return _BY_ID[rule_id]
