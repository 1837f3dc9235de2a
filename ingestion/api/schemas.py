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


class RuleErrorOut(Open):
    """A rule that raised while a run was judged: it says nothing about that run, and every other rule does."""

    rule: str
    run_id: str
    error: str = Field(description="the exception's type")
    count: int = Field(description="at how many of the run's events")
    last_at: str


class MapVersionOut(Schema):
    """A version of a context map, without its text; `created_by` is a person's or a key's name."""

    version: int
    created_at: str
    created_by: str | None


class MapVersionList(Schema):
    """A page of versions; `next` is the cursor of the one after it."""

    items: list[MapVersionOut]
    next: str | None


class LookedAt(Schema):
    """The stored history that an answer rests on; `cut` is what left some out: runs, relatives, events, bytes."""

    runs: int
    relatives: int
    events: int
    first_at: str | None
    last_at: str | None
    cut: str | None


class Counts(Schema):
    """How many anomalies, by rule and by severity."""

    anomalies: int
    by_rule: dict[str, int]
    by_severity: dict[str, int]


class Examples(Counts):
    """Anomalies, with at most 50 of them; those that are not stored have no id, incident and detected_at."""

    model_config = ConfigDict(extra="allow")

    examples: list[dict[str, Any]]


class DryRunOut(Schema):
    """What a map would report: `added` and `unchanged`; what stands: `unchanged`, `removed`, `unconfirmed`.

    `unconfirmed` is what neither this map nor the one in force finds in these events alone.
    """

    workflow: str
    map_version: int | None
    looked_at: LookedAt
    would_report: Counts
    stands: Counts
    added: Examples
    removed: Examples
    unchanged: Examples
    unconfirmed: Examples
    seconds: float


class LineOut(Schema):
    """A proposed line: `seen` in so many `of` the `units`; `declared` where the map in force says it already."""

    key: str
    at: str
    value: str | dict[str, Any] | None
    seen: int
    of: int
    units: str
    rare: bool
    note: str
    declared: bool


class ProposalOut(Schema):
    """A map learned from clean runs; `text` is all its lines as YAML. `digest` changes when a line does."""

    workflow: str
    digest: str
    map_version: int | None
    clean_runs: int
    looked_at: LookedAt
    lines: list[LineOut]
    left_out: list[dict[str, str]]
    text: str
    seconds: float


class RunOut(Open):
    """A run with its steps, its family and what was found in it."""

    run_id: str
    workflow: str
    status: str | None
    ended: bool
    parent_run_id: str | None
    session: str | None
    gaps: list[int] = Field(description="missing sequence numbers, the first 20")
    evidence: str | None = Field(description="evidence incomplete, and why; null where no number is missing")
    rule_errors: list[RuleErrorOut] = Field(description="rules that raised, and so say nothing of this run")
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


class SelfCheckOut(Open):
    """Whether the latest synthetic leak was detected and told in time."""

    ok: bool | None = Field(description="null while it is switched off, or before the first has ended")
    problem: str | None


class StatusOut(Open):
    """How far judging and alerting are; 0 and 0 means everything accepted before is through."""

    pending_events: int
    pending_alerts: int
    oldest_pending_seconds: float | None
    last_event_at: str | None
    events_last_hour: int
    anomalies_last_hour: int
    rule_errors: int = Field(description="how often a rule raised, over the runs as they are judged now")
    rule_errors_by_rule: dict[str, int] = Field(description="in how many runs each rule raised")
    rule_errors_latest: list[RuleErrorOut]
    refused_events: dict[str, int] = Field(description="in this hour and the one before, by reason")
    self_check: SelfCheckOut
