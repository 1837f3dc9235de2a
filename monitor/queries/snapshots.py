"""The two contexts of a leak side by side: where the value belongs, and where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.detection.event import Event as ContextEvent
from monitor.detection.identity import Identity
from monitor.models import Anomaly, Event, Project, Run
from monitor.queries.events import as_event
from monitor.queries.tree import Mark, Node, left_out, tree

FOREIGN = Mark("foreign", "foreign")
WORDS: Mapping[str, Mark] = {
    "identity-lost": Mark("removed", "lost"),
    "uncleared-field": Mark("foreign", "left over"),
    "residue-at-start": Mark("foreign", "left over"),
    "residue-at-end": Mark("foreign", "left behind"),
    "run-id-reused": Mark("foreign", "reused"),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One side: a run’s context at an event; `left_out` top-level keys are not drawn."""

    run_id: str
    workflow: str
    step: str
    phase: str
    occurred_at: datetime
    session: str | None
    tenant: str | None
    partial: bool
    event_id: str
    nodes: tuple[Node, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carried the value: `written_at` and `read_at` by the senders' clocks, None where not seen."""

    store: str
    key: str
    ttl_seconds: float | None
    written_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pair:
    """`source` is None where the source was not seen, or lies inside the victim's own past as it was kept.

    `seconds_between` is from the source's event to the victim's, by the senders' clocks.
    """

    victim: Snapshot
    source: Snapshot | None
    carrier: Carrier | None
    seconds_between: float | None
    anomaly: Anomaly


def identity_of(run: Run) -> Identity:
    """The run's own identity as judging found it."""
    return Identity(execution_id=run.execution_id, session=run.session, tenant=run.tenant)


def mark_of(anomaly: Anomaly) -> Mark:
    """How the place of an anomaly is shown."""
    return WORDS.get(anomaly.rule, FOREIGN)


def pair(project: Project, lead: Anomaly, *, beside: list[Anomaly]) -> Pair:
    """The snapshots around one anomaly; those `beside` it at the same event are marked too. Two queries."""
    event = as_event(lead.event)
    marks = {each.path: mark_of(each) for each in (*beside, lead) if each.path != "$"}
    own = identity_of(lead.run)
    victim = snapshot(event, own=own, marks=marks)
    found = _source(project, lead)
    source, between = None, None
    if found is not None:
        source_event = as_event(found)
        source_marks = {
            each.source_path: Mark("own", "its own" if each.rule not in WORDS else "the same value")
            for each in (*beside, lead)
            if each.source_event_id == lead.source_event_id and each.source_path and each.source_path != "$"
        }
        source_own = identity_of(found.run) if found.run_id != lead.run_id else own
        source = snapshot(source_event, own=source_own, marks=source_marks)
        between = (event.occurred_at - source_event.occurred_at).total_seconds()
    carrier = _carrier(lead.source_resource, as_event(found) if found else None, event)
    return Pair(victim, source, carrier, between, lead)


def snapshot(event: ContextEvent, *, own: Identity, marks: Mapping[str, Mark]) -> Snapshot:
    """One event's context, drawn."""
    nodes = tree(event.context, marks=marks, own=own)
    return Snapshot(
        run_id=event.run_id,
        workflow=event.workflow,
        step=event.step,
        phase=event.phase,
        occurred_at=event.occurred_at,
        session=own.session,
        tenant=own.tenant,
        partial=event.partial,
        event_id=event.event_id,
        nodes=nodes,
        left_out=left_out(event.context, nodes),
    )


def _source(project: Project, lead: Anomaly) -> Event | None:
    if lead.source_event_id is None:
        return None
    found = Event.objects.filter(project=project, event_id=lead.source_event_id)
    return found.select_related("run").first()


def _carrier(resource: str | None, source: ContextEvent | None, victim: ContextEvent) -> Carrier | None:
    if resource is None:
        return None
    store, _, key = resource.partition(":")
    ttl, written = None, None
    for access in source.accesses if source else ():
        if (access.store, access.key) == (store, key) and access.op == "write":
            ttl, written = access.ttl_seconds, source.occurred_at if source else None
    reads = {(access.store, access.key) for access in victim.accesses if access.op == "read"}
    return Carrier(store, key, ttl, written, victim.occurred_at if (store, key) in reads else None)
