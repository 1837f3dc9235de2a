"""The rules in force: an explicit list, so that adding one is a line here and nothing by magic."""

from __future__ import annotations

from monitor.detection.rule import Rule
from monitor.detection.rules.accumulating_field import AccumulatingField
from monitor.detection.rules.branch_interference import BranchInterference
from monitor.detection.rules.canary_escaped import CanaryEscaped
from monitor.detection.rules.checkpoint_mismatch import CheckpointMismatch
from monitor.detection.rules.child_overreach import ChildOverreach
from monitor.detection.rules.dirty_retry import DirtyRetry
from monitor.detection.rules.divergent_output import DivergentOutput
from monitor.detection.rules.execution_id_changed import ExecutionIdChanged
from monitor.detection.rules.foreign_session import ForeignSession
from monitor.detection.rules.foreign_tenant import ForeignTenant
from monitor.detection.rules.foreign_value import ForeignValue
from monitor.detection.rules.frozen_field_changed import FrozenFieldChanged
from monitor.detection.rules.identity_lost import IdentityLost
from monitor.detection.rules.lost_field import LostField
from monitor.detection.rules.lost_update import LostUpdate
from monitor.detection.rules.missing_input import MissingInput
from monitor.detection.rules.oversized_context import OversizedContext
from monitor.detection.rules.parent_overwritten import ParentOverwritten
from monitor.detection.rules.reconciliation_mismatch import ReconciliationMismatch
from monitor.detection.rules.residue_at_end import ResidueAtEnd
from monitor.detection.rules.residue_at_start import ResidueAtStart
from monitor.detection.rules.run_id_reused import RunIdReused
from monitor.detection.rules.schema_drift import SchemaDrift
from monitor.detection.rules.silent_failure import SilentFailure
from monitor.detection.rules.uncleared_field import UnclearedField
from monitor.detection.rules.uncompensated_failure import UncompensatedFailure
from monitor.detection.rules.undeclared_resource import UndeclaredResource
from monitor.detection.rules.undeclared_write import UndeclaredWrite
from monitor.detection.rules.unscoped_key import UnscopedKey

CATALOGUE: tuple[Rule, ...] = (
    ExecutionIdChanged(),
    ForeignSession(),
    ForeignTenant(),
    ForeignValue(),
    CanaryEscaped(),
    RunIdReused(),
    IdentityLost(),
    UnclearedField(),
    ResidueAtStart(),
    ResidueAtEnd(),
    DirtyRetry(),
    AccumulatingField(),
    ParentOverwritten(),
    ChildOverreach(),
    BranchInterference(),
    LostUpdate(),
    UndeclaredWrite(),
    UndeclaredResource(),
    UnscopedKey(),
    LostField(),
    FrozenFieldChanged(),
    CheckpointMismatch(),
    ReconciliationMismatch(),
    MissingInput(),
    SilentFailure(),
    UncompensatedFailure(),
    SchemaDrift(),
    OversizedContext(),
    DivergentOutput(),
)

_BY_ID = {rule.id: rule for rule in CATALOGUE}


def rule_by_id(rule_id: str) -> Rule:
    """The rule with this public id; raises KeyError for one that is not in the catalogue."""
    return _BY_ID[rule_id]
