"""One incident by itself, with its verdict, as the documentation page describes it."""

from __future__ import annotations

from pydantic import Field

from ingestion.api.schemas import IncidentOut, Open


class VerdictOut(Open):
    """Whether an incident shows a leak, a race or a loss, and on how many runs that rests (docs/verdicts.md)."""

    kind: str = Field(description="leak, race, loss or not_enough_evidence")
    runs: int
    evidence_incomplete: bool = Field(description="sequence numbers are missing from the runs looked at")
    missing_events: int
    runs_looked_at: int = Field(description="the newest of the incident's runs")
    because: str


class IncidentWithVerdict(IncidentOut):
    """One incident by itself."""

    verdict: VerdictOut
