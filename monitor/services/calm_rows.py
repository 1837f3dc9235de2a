"""What a batch of calm runs (`services.calm`) asks the database for, and how it is stored: one statement each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import connection

from monitor.detection.engine import Judgement
from monitor.models import Run
from monitor.services.cases import state_after
from monitor.services.crowd_facts import StoredFacts
from monitor.services.statements import cursor

_AROUND = """
WITH runs AS MATERIALIZED (
    SELECT * FROM unnest(%(runs)b::bigint[], %(names)b::text[], %(since)b::timestamptz[])
                  AS runs (run, name, since)
)
SELECT (SELECT canary_shapes <> '[]' FROM monitor_project WHERE id = %(project)s),
       ARRAY(SELECT parent_run_id FROM monitor_run
             WHERE project_id = %(project)s AND parent_run_id = ANY (%(names)b::text[])
             UNION
             SELECT source_run_id FROM monitor_anomaly
             WHERE project_id = %(project)s AND source_run_id = ANY (%(names)b::text[])
             UNION
             SELECT runs.name FROM monitor_anomaly JOIN runs ON runs.run = monitor_anomaly.run_id),
       ARRAY(SELECT run_id FROM monitor_anomaly
             WHERE project_id = %(project)s AND wants = ANY (%(held)b::bigint[])
             UNION
             SELECT anomaly.run_id
             FROM runs JOIN monitor_runvalues held ON held.run_id = runs.run
             JOIN monitor_anomaly anomaly ON anomaly.wants = ANY (held.values)
             WHERE anomaly.project_id = %(project)s AND anomaly.sought_until >= runs.since
               AND anomaly.sought_until >= %(earliest)s::timestamptz)
"""
_STORE = """
WITH sent AS MATERIALIZED (
    SELECT * FROM unnest(
        %(runs)b::bigint[], %(workflows)b::text[], %(execution_ids)b::text[], %(sessions)b::text[],
        %(tenants)b::text[], %(asserted_execution_ids)b::text[], %(asserted_sessions)b::text[],
        %(asserted_tenants)b::text[], %(first_ats)b::timestamptz[], %(last_ats)b::timestamptz[],
        %(counts)b::bigint[], %(gaps)b::text[], %(ended)b::boolean[], %(statuses)b::text[], %(states)b::bytea[],
        %(held)b::text[], %(since)b::timestamptz[], %(facts_first)b::timestamptz[], %(facts_digests)b::bigint[],
        %(facts)b::bytea[]
    ) AS sent (run, workflow, execution_id, session, tenant, asserted_execution_id, asserted_session,
               asserted_tenant, first_at, last_at, events, gaps, ended, status, state, held, since,
               facts_first, facts_digest, facts)
), judged AS (
    UPDATE monitor_run run SET
        workflow = sent.workflow, execution_id = sent.execution_id, session = sent.session, tenant = sent.tenant,
        asserted_execution_id = sent.asserted_execution_id, asserted_session = sent.asserted_session,
        asserted_tenant = sent.asserted_tenant, first_at = sent.first_at, last_at = sent.last_at,
        event_count = sent.events, gaps = sent.gaps::bigint[], ended = sent.ended, status = sent.status,
        state = sent.state, parts = 1, judged_at = %(now)s
    FROM sent WHERE run.id = sent.run
), indexed AS (
    INSERT INTO monitor_runvalues (project_id, run_id, values, since)
    SELECT %(project)s, run, held::bigint[], since FROM sent WHERE held <> '{}'
), learnt AS (
    INSERT INTO monitor_runfacts (run_id, project_id, first_at, digest, body)
    SELECT run, %(project)s, facts_first, facts_digest, facts FROM sent WHERE facts IS NOT NULL
    ON CONFLICT (run_id) DO UPDATE
    SET first_at = excluded.first_at, digest = excluded.digest, body = excluded.body
), told AS (
    INSERT INTO monitor_crowdwork (project_id, run_id, created_at, not_before, failures, last_error, has_facts)
    SELECT %(project)s, run, %(now)s, %(now)s, 0, '', facts IS NOT NULL FROM sent WHERE session IS NOT NULL
)
DELETE FROM monitor_work WHERE id = ANY (%(work)b::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A run as it was judged: what it holds and did not hold before (`held`, `since`), and its facts.

    These are there of a new run that acts for a session; those of one that goes on are read with all its events.
    """

    run: Run
    workflow: str
    judgement: Judgement
    held: Sequence[int]
    since: datetime
    facts: StoredFacts | None


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around runs.

    Whether canaries were issued, which of them are `named` as a parent, a source or a victim, and whose
    anomalies are `wanting` a value that they hold for the first time, or hold and were looked at before
    (primary keys of runs).
    """

    has_canaries: bool
    named: Collection[str]
    wanting: Collection[int]


def around(*, project_id: int, rows: Sequence[Row]) -> Around:
    """Looks around runs by their ids and the values that they hold; right only under their locks."""
    arguments: dict[str, Any] = {
        "project": project_id,
        "runs": [row.run.pk for row in rows],
        "names": [row.run.run_id for row in rows],
        "since": [row.since for row in rows],
        "earliest": min(row.since for row in rows),
        "held": list({value for row in rows for value in row.held}),
    }
    with connection.wrap_database_errors, cursor() as binary:
        binary.execute(_AROUND, arguments)
        return Around(*cast("tuple[bool, list[str], list[int]]", binary.fetchone()))


def store(*, project_id: int, rows: Sequence[Row], work: Sequence[int], now: datetime) -> None:
    """Writes the judgement of runs, and deletes their Work rows.

    What a crash of the database loses of it comes back with the Work rows, so the commit need not be waited for.
    """
    arguments = {
        "project": project_id,
        "now": now,
        "work": work,
        **_of_runs(rows),
        **_of_facts([row.facts for row in rows]),
    }
    with connection.wrap_database_errors, cursor() as binary:
        binary.execute(_STORE, arguments)
        binary.execute("SET LOCAL synchronous_commit TO off")


def _of_runs(rows: Sequence[Row]) -> dict[str, Any]:
    facts = [row.judgement.facts for row in rows]
    return {
        "runs": [row.run.pk for row in rows],
        "workflows": [row.workflow for row in rows],
        "execution_ids": [one.identity.execution_id for one in facts],
        "sessions": [one.identity.session for one in facts],
        "tenants": [one.identity.tenant for one in facts],
        "asserted_execution_ids": [one.asserted.execution_id for one in facts],
        "asserted_sessions": [one.asserted.session for one in facts],
        "asserted_tenants": [one.asserted.tenant for one in facts],
        "first_ats": [one.first_at for one in facts],
        "last_ats": [one.last_at for one in facts],
        "counts": [one.events for one in facts],
        "gaps": [_array(one.gaps) for one in facts],
        "ended": [one.ended for one in facts],
        "statuses": [one.status for one in facts],
        "states": [state_after(row.judgement) for row in rows],
        "held": [_array(row.held) for row in rows],
        "since": [row.since for row in rows],
    }


def _of_facts(facts: Sequence[StoredFacts | None]) -> dict[str, Any]:
    return {
        "facts_first": [one.first_at if one else None for one in facts],
        "facts_digests": [one.digest if one else None for one in facts],
        "facts": [one.body if one else None for one in facts],
    }


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes an array: arrays of different lengths cannot be sent as one."""
    return "{" + ",".join(map(str, numbers)) + "}"
