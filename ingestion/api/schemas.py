"""What the API answers, as its OpenAPI page shows it; the meaning stands in docs/formats.md and INTERFACES."""

from __future__ import annotations

from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field


class Open(Schema):
    """A shape that may carry more members than are named here."""

    model_config = ConfigDict(extra="allow")


class ProblemDocument(Open):
    """RFC 9457: `detail` says what to do."""

    title: str
    status: int
    detail: str


class RejectedEvent(Schema):
    """Why one event of a batch was not taken."""

    index: int = Field(description="its place among the events sent, from 0")
    event_id: str | None = Field(description="where it could be made out")
    field: str = Field(description="the wrong field; empty where it is the event as a whole")
    error: str = Field(description="what is wrong and what to send instead")


class AcceptedEvents(Schema):
    """Everything counted here as accepted is durable."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


class SourceOut(Open):
    """Where a leaked value came from."""

    run_id: str
    step: str
    path: str
    resource: str | None


class AnomalyOut(Open):
    """One finding of one rule at one place."""

    anomaly_id: str
    incident: str | None
    rule: str
    class_: str = Field(alias="class")
    severity: str
    workflow: str
    run_id: str
    step: str
    phase: str
    attempt: int
    branch: str | None
    path: str
    expected: Any
    observed: Any
    source: SourceOut | None
    occurred_at: str
    detected_at: str
    event_id: str
    message: str


class IncidentOut(Open):
    """Anomalies that are one problem."""

    id: str
    key: str
    status: str
    severity: str
    class_: str = Field(alias="class")
    rule: str
    workflow: str
    title: str
    occurred_at: str
    detected_at: str
    acknowledged_at: str | None
    mitigated_at: str | None
    resolved_at: str | None
    runs: int
    sessions: int
    tenants: int
    assignee: str | None
    url: str


class AnomalyList(Schema):
    """A page of anomalies; `next` is the cursor of the one after it."""

    items: list[AnomalyOut]
    next: str | None


class IncidentList(Schema):
    """A page of incidents; `next` is the cursor of the one after it."""

    items: list[IncidentOut]
    next: str | None


class Note(Schema):
    """What the incident's log is to say beside the act."""

    note: str = Field("", max_length=10_000)


class MapOut(Schema):
    """A workflow's context map as it was sent; `version` counts from 1."""

    workflow: str
    version: int
    created_at: str
    text: str


class RunOut(Open):
    """A run with its steps, its family and what was found in it."""

    run_id: str
    workflow: str
    status: str | None
    ended: bool
    parent_run_id: str | None
    session: str | None
    steps: list[dict[str, Any]]
    anomalies: list[AnomalyOut]
    incidents: list[str]


class MatchOut(Schema):
    """A place that the path found, and what stands there."""

    path: str
    value: Any


class ContextOut(Open):
    """The context at one event; whole in `context` where no path narrows it."""

    run_id: str
    step: str
    phase: str
    attempt: int
    branch: str | None
    event_id: str
    path: str
    matches: list[MatchOut]


class ChangesOut(Schema):
    """What each step of a run changed, in order."""

    run_id: str
    steps: list[dict[str, Any]]


class MetricsOut(Schema):
    """The figures of the incidents detected from `from` until before `to`; null is no bound."""

    since: str | None = Field(alias="from")
    until: str | None = Field(alias="to")
    groups: list[dict[str, Any]]


class StatusOut(Open):
    """How far judging and alerting are; 0 and 0 means everything accepted before is through."""

    pending_events: int
    pending_alerts: int
    oldest_pending_seconds: float | None
    last_event_at: str | None
    events_last_hour: int
    anomalies_last_hour: int
    refused_events: dict[str, int] = Field(description="in this hour and the one before, by reason")
