"""Unscoped keys that a leak shows: the run that wrote one, and the runs of other sessions that read it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from monitor.detection.anomaly import Anomaly as Found
from monitor.detection.anomaly import Finding
from monitor.detection.catalogue import rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.keys import IDENTITY_RULES, leaking_keys
from monitor.detection.runs import Run as RunBehind
from monitor.models import Anomaly, Run
from monitor.queries.anomalies import found_of
from monitor.services.lookup import views_of

RULE = "unscoped-key"
MAX_VICTIMS = 8
"""Of one key; one is proof enough."""

_VICTIMS = """
SELECT run_id FROM (
    SELECT victim.id AS run_id,
           row_number() OVER (PARTITION BY taken.resource_key
                              ORDER BY max(taken.occurred_at) DESC, victim.id) AS latest
    FROM monitor_run victim
    JOIN monitor_resourceaccess taken ON taken.run_id = victim.id AND taken.op = 'read'
    JOIN monitor_resourceaccess put
      ON put.run_id = %(run)s AND put.op = 'write' AND put.resource_key = taken.resource_key
    WHERE victim.id IN (SELECT run_id FROM monitor_anomaly
                        WHERE project_id = %(project)s AND source_run_id = %(name)s AND rule = ANY (%(rules)s))
      AND victim.id <> %(run)s
      AND (victim.parts > 1 OR %(sessions)s::text[] IS NULL
           OR EXISTS (SELECT FROM unnest(%(sessions)s::text[]) AS own
                      WHERE victim.session <> own AND (victim.session LIKE 'fp:%%') = (own LIKE 'fp:%%')))
    GROUP BY victim.id, taken.resource_key
) AS ranked WHERE latest <= %(most)s
"""
_SOURCES = """
SELECT DISTINCT source.id FROM monitor_run source
JOIN monitor_resourceaccess put ON put.run_id = source.id AND put.op = 'write'
JOIN monitor_resourceaccess taken
  ON taken.run_id = %(run)s AND taken.op = 'read' AND taken.resource_key = put.resource_key
WHERE source.project_id = %(project)s AND source.run_id = ANY (%(names)s) AND source.id <> %(run)s
"""


def writes(events: Iterable[Event]) -> bool:
    """Whether events write under any key."""
    return any(access.op == "write" for event in events for access in event.accesses)


def reads(events: Iterable[Event]) -> bool:
    """Whether events read any key."""
    return any(access.op == "read" for event in events for access in event.accesses)


def is_blamed(run: Run) -> bool:
    """Whether an identity anomaly of another run has this one as its source."""
    rows = Anomaly.objects.filter(project=run.project_id, source_run_id=run.run_id, rule__in=IDENTITY_RULES)
    return rows.exclude(run=run).exists()


def findings(run: Run, runs: Sequence[RunBehind], maps: Mapping[str, ContextMap]) -> list[Finding]:
    """Where the run wrote under a key that names nobody and that a victim of it had read."""
    if not writes(event for one in runs for event in one.events) or not (pks := _victims(run, runs)):
        return []
    views = views_of(run.project, pks, maps=maps)
    shown: dict[int, list[Found]] = {}
    rows = Anomaly.objects.filter(run__in=pks, source_run_id=run.run_id, rule__in=IDENTITY_RULES)
    for row in rows.select_related("run", "event"):
        shown.setdefault(row.run_id, []).append(found_of(row))
    pairs = [
        (victim, [one for one in shown.get(pk, ()) if one.owner == victim.number])
        for pk, view in sorted(views.items())
        for victim in view.runs
    ]
    return [finding for one in runs for finding in leaking_keys(one, pairs, rule_by_id(RULE))]


def _victims(run: Run, runs: Sequence[RunBehind]) -> set[int]:
    sessions = [one.own.session for one in runs if one.own.session is not None]
    if not sessions:
        return set()
    arguments: dict[str, Any] = {
        "project": run.project_id,
        "run": run.pk,
        "name": run.run_id,
        "rules": list(IDENTITY_RULES),
        "sessions": sessions,
        "most": MAX_VICTIMS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_VICTIMS, arguments)
        return {pk for (pk,) in cursor.fetchall()}


def sources(run: Run, *, blamed_before: Collection[str]) -> set[int]:
    """The runs that this one's identity anomalies blame, or did until now, and whose keys it read."""
    rows = Anomaly.objects.filter(project=run.project_id, run=run, rule__in=IDENTITY_RULES)
    names = {*rows.exclude(source_run_id=None).values_list("source_run_id", flat=True).distinct(), *blamed_before}
    if not names:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, {"project": run.project_id, "run": run.pk, "names": sorted(names)})
        return {pk for (pk,) in cursor.fetchall()}
