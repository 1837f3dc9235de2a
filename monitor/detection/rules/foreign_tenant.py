"""foreign-tenant: another tenant stands in the context."""

from __future__ import annotations

from monitor.detection.foreign import ForeignOwner
from monitor.detection.rule import Guide


class ForeignTenant(ForeignOwner):
    """Finds a tenant in the context that is not the run's own tenant.

    Why it matters: data crosses the line between two customers' companies; that is a breach to be
    reported, not only a bug.

    Leaking: an enrichment cache is keyed by the question alone, so that tenant t-b's run is served
    `$.memories[0].org_id` of tenant t-a.

    Clean: a run that names its own tenant at several places, or one that its parent asserted.

    False positives: a partner's or a carrier's organisation that belongs there (`$.carrier.org_id`).
    List it under `identity.ignore`.

    Source: RULES.md, Identity; EVENTS.md, "Own identity of a run".
    """

    id = "foreign-tenant"
    title = "Another tenant in the context"
    says = "Tenant {observed} stands in run {run_id}, whose own is {expected}, at {place}"
    identity = "tenant"
    guide = Guide(
        summary="A tenant in the context is not the run's own tenant.",
        why="Data has crossed the line between two companies: a breach to report, not only a bug.",
        leaking="A cache keyed by the question alone serves tenant t-b's run a memory with "
        "$.memories[0].org_id of tenant t-a.",
        clean="A run that names its own tenant, or the one its parent asserted, wherever it likes.",
        false_positives="A partner's or carrier's organisation that belongs there: list its path "
        "under identity.ignore.",
        fix=(
            "Stop the flow: switch off the cache or the shared index that the source names, or add "
            "the tenant to its key.",
            "Filter by tenant where the data is read, not where it is shown.",
            "List the tenants among the affected runs, and bring in whoever decides on disclosure.",
            "Add a test that asks the same question as two tenants and compares the contexts.",
        ),
        source="RULES.md, Identity",
    )
