"""The durable, idempotent write: what is accepted here is never lost and never counted twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db import connection, transaction

from monitor.detection.event import Event
from monitor.models import Project
from monitor.queries.events import compact, pack
from monitor.services import bell

RESOURCE_KEY_BYTES = 16

_ADD_WORKFLOWS = """
INSERT INTO monitor_workflow (project_id, name, risk, owner, first_seen_at)
SELECT %(project)s, name, '', '', %(now)s FROM unnest(%(names)s::text[]) AS sent (name)
WHERE NOT EXISTS (SELECT FROM monitor_workflow w WHERE w.project_id = %(project)s AND w.name = sent.name)
ON CONFLICT DO NOTHING
"""
_FIND_RUNS = "SELECT run_id, id FROM monitor_run WHERE project_id = %s AND run_id = ANY(%s)"
_ADD_RUNS = """
INSERT INTO monitor_run (project_id, run_id, workflow, created_at, event_count, ended, gaps)
SELECT %(project)s, run_id, workflow, %(now)s, 0, false, '{}'
FROM unnest(%(run_ids)s::text[], %(workflows)s::text[]) AS sent (run_id, workflow)
ON CONFLICT DO NOTHING
RETURNING run_id, id
"""
_ADD_EVENTS = """
WITH stored AS (
    INSERT INTO monitor_event (project_id, run_id, event_id, occurred_at, received_at, workflow, step, phase,
                               body, context_bytes)
    SELECT %(project)s, run, event_id, occurred_at, %(now)s, workflow, step, phase, body, context_bytes
    FROM unnest(%(runs)b::bigint[], %(event_ids)b::text[], %(times)b::timestamptz[], %(workflows)b::text[],
                %(steps)b::text[], %(phases)b::text[], %(bodies)b::bytea[], %(sizes)b::bigint[])
         AS sent (run, event_id, occurred_at, workflow, step, phase, body, context_bytes)
    ON CONFLICT (project_id, event_id) DO NOTHING
    RETURNING id, run_id, event_id, occurred_at
), queued AS (
    INSERT INTO monitor_work (project_id, run_id, reason, event_pks, created_at, not_before, failures, last_error)
    SELECT %(project)s, run_id, 'events', array_agg(id ORDER BY id), %(now)s, %(now)s, 0, ''
    FROM stored GROUP BY run_id ORDER BY run_id
), touched AS (
    INSERT INTO monitor_resourceaccess (project_id, run_id, event_id, resource_key, store, key, op, occurred_at)
    SELECT %(project)s, stored.run_id, stored.id, sent.resource_key, sent.store, sent.key, sent.op,
           stored.occurred_at
    FROM unnest(%(access_events)b::text[], %(access_keys)b::bytea[], %(access_stores)b::text[],
                %(access_names)b::text[], %(access_ops)b::text[])
         AS sent (event_id, resource_key, store, key, op)
    JOIN stored USING (event_id)
)
SELECT count(*) FROM stored
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many events were stored just now, and how many had been received before."""

    accepted: int
    duplicates: int


def resource_key(store: str, key: str) -> bytes:
    """The 16-byte digest by which the touches of one shared resource are found: BLAKE2b of store, NUL, key."""
    return hashlib.blake2b(f"{store}\0{key}".encode(), digest_size=RESOURCE_KEY_BYTES).digest()


def accept(*, project: Project, events: Sequence[Event], now: datetime) -> Accepted:
    """Stores the events that are new and queues their runs for judging, in one transaction.

    When this returns, the events are durable. Of several events with one id the first received
    stands. Rows are written in one order by everybody (workflows, runs, events, each by name), so
    that overlapping batches wait for each other but never in a circle. `now` is the server's time
    of receipt. Raises django.db.OperationalError where the database cannot be reached. Source:
    EVENTS.md, `event_id`; INTERFACES.md, `POST /api/v1/events`.
    """
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.event_id, event)
    if not first:
        return Accepted(0, 0)
    fresh = [first[event_id] for event_id in sorted(first)]
    with transaction.atomic(), connection.wrap_database_errors, _cursor() as cursor:
        runs = _run_keys(cursor, project, fresh, now)
        cursor.execute(_ADD_EVENTS, _columns(project, fresh, runs, now))
        stored = cast("tuple[int]", cursor.fetchone())[0]
        if stored:
            bell.ring_judging()
    return Accepted(accepted=stored, duplicates=len(events) - stored)


def _cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor that sends its arguments apart from the statement, and bytes as bytes."""
    connection.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[tuple[Any, ...]]", connection.connection))


def _run_keys(
    cursor: psycopg.Cursor[tuple[Any, ...]], project: Project, events: Sequence[Event], now: datetime
) -> dict[str, int]:
    """The primary key of each run by its `run_id`; runs and workflows never seen before are added."""
    workflows = {event.run_id: event.workflow for event in reversed(events)}
    names = sorted(set(workflows.values()))
    cursor.execute(_ADD_WORKFLOWS, {"project": project.pk, "now": now, "names": names})
    keys = dict(cursor.execute(_FIND_RUNS, [project.pk, list(workflows)]).fetchall())
    new = sorted(workflows.keys() - keys.keys())
    if new:
        named = [workflows[run_id] for run_id in new]
        values = {"project": project.pk, "now": now, "run_ids": new, "workflows": named}
        keys |= dict(cursor.execute(_ADD_RUNS, values).fetchall())
    raced = [run_id for run_id in new if run_id not in keys]
    if raced:
        keys |= dict(cursor.execute(_FIND_RUNS, [project.pk, raced]).fetchall())
    return keys


def _columns(project: Project, events: Sequence[Event], runs: dict[str, int], now: datetime) -> dict[str, Any]:
    contexts = [compact(event.context) for event in events]
    touches = [(event.event_id, access) for event in events for access in event.accesses]
    return {
        "project": project.pk,
        "now": now,
        "runs": [runs[event.run_id] for event in events],
        "event_ids": [event.event_id for event in events],
        "times": [event.occurred_at for event in events],
        "workflows": [event.workflow for event in events],
        "steps": [event.step for event in events],
        "phases": [event.phase for event in events],
        "bodies": [pack(event, context=context) for event, context in zip(events, contexts, strict=True)],
        "sizes": [len(context) for context in contexts],
        "access_events": [event_id for event_id, _ in touches],
        "access_keys": [resource_key(access.store, access.key) for _, access in touches],
        "access_stores": [access.store for _, access in touches],
        "access_names": [access.key for _, access in touches],
        "access_ops": [access.op for _, access in touches],
    }
