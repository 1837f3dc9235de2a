"""The detection core's look-up of possible sources, answered by the stored runs of a project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from monitor.detection.anomaly import Finding
from monitor.detection.catalogue import rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.held import Want
from monitor.detection.holdings import fingerprint
from monitor.detection.identity import Kin
from monitor.detection.values import value_key
from monitor.detection.views import RunView
from monitor.models import Event as StoredEvent
from monitor.models import Project, ResourceAccess
from monitor.queries.events import as_event

NEAREST = 8

_CANDIDATES = """
WITH wanted (value, horizon, own_id, canary) AS (
    SELECT * FROM unnest(%(values)s::bigint[], %(horizons)s::timestamptz[], %(own_ids)s::text[],
                         %(canaries)s::bigint[])
), held AS (
    SELECT wanted.value, wanted.horizon, held.run_id, run.first_at, min(held.since) AS held_at,
           CASE WHEN run.parts > 1 THEN NULL
                ELSE wanted.own_id IN (run.execution_id, run.session, run.tenant)
                     OR EXISTS (SELECT FROM monitor_canary c WHERE c.run_id = run.id AND c.key = wanted.canary)
           END AS own
    FROM wanted
    JOIN monitor_runvalues held ON held.values @> ARRAY[wanted.value] AND held.project_id = %(project)s
    JOIN monitor_run run ON run.id = held.run_id
    WHERE held.run_id <> %(run)s
    GROUP BY wanted.value, wanted.horizon, wanted.own_id, wanted.canary, held.run_id, run.id
), written AS (
    SELECT held.value, held.horizon, held.run_id, max(access.occurred_at) AS written_at
    FROM held
    JOIN monitor_resourceaccess access ON access.run_id = held.run_id AND access.op = 'write'
    WHERE access.resource_key = ANY (%(read)s) AND access.occurred_at < held.horizon
      AND access.occurred_at >= held.held_at
    GROUP BY held.value, held.horizon, held.run_id
), ranked AS (
    SELECT *, held_at < horizon AS before,
           row_number() OVER (PARTITION BY value, horizon, own, held_at < horizon
                              ORDER BY first_at, run_id) AS from_earliest,
           row_number() OVER (PARTITION BY value, horizon, own, held_at < horizon
                              ORDER BY first_at DESC, run_id DESC) AS from_latest,
           row_number() OVER (PARTITION BY value, horizon, own, held_at < horizon
                              ORDER BY held_at, run_id) AS from_first_held
    FROM held
), chosen AS (
    SELECT value, run_id FROM ranked
    WHERE CASE WHEN before THEN from_earliest <= %(nearest)s OR from_latest <= %(nearest)s
               ELSE own IS NOT false AND from_first_held <= %(nearest)s END
    UNION
    SELECT value, run_id FROM (
        SELECT *, row_number() OVER (PARTITION BY value, horizon ORDER BY written_at DESC, run_id) AS latest
        FROM written
    ) AS carriers WHERE latest <= %(nearest)s
)
SELECT chosen.value, run.id, run.run_id FROM chosen JOIN monitor_run run ON run.id = chosen.run_id
"""


_ISSUERS = """
SELECT key, id, run_id FROM (
    SELECT canary.key, run.id, run.run_id,
           row_number() OVER (PARTITION BY canary.key
                              ORDER BY run.first_at DESC, run.run_id COLLATE "C" DESC) AS latest
    FROM monitor_canary canary JOIN monitor_run run ON run.id = canary.run_id
    WHERE canary.project_id = %(project)s AND canary.key = ANY (%(canaries)s::bigint[]) AND run.id <> %(run)s
) AS issuers WHERE latest <= %(nearest)s
"""


@dataclass(frozen=True, slots=True)
class Sought:
    """A value that a finding looks for in other runs: its fingerprint, and when the victim held it there.

    `own_id` is what a run's own identity may be; `canary` is the fingerprint of the token in the value.
    """

    value: int
    held_at: datetime
    want: Want
    own_id: str | None
    canary: int | None


def sought_by(finding: Finding, victim: RunView, *, secret: bytes) -> Sought | None:
    """What a finding of the victim looks for, or None where its source is in the run, or nowhere.

    What came to other runs later than `held_at` is no source, unless nobody held it before.
    """
    want = rule_by_id(finding.rule).want(finding)
    if want is None:
        return None
    sightings = victim.runs[finding.owner].sightings(want)
    mine = (one.event.occurred_at for one in sightings if finding.location in one.places)
    held_at = next(mine, finding.occurred_at)
    own_id = want.value if isinstance(want.value, str) else None
    canary = fingerprint(want.token, secret) if want.token is not None else None
    return Sought(fingerprint(want.value, secret), held_at, want, own_id, canary)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The runs that may be a source of one victim's findings: by fingerprint, their keys and ids."""

    pks: Mapping[int, Collection[int]]
    names: frozenset[str]
    keys: Mapping[bytes, int]
    """The fingerprint of each value that is looked for, by the key under which the core asks for it."""

    @classmethod
    def of(cls, project: Project, sought: Iterable[Sought], *, victim_pk: int) -> Candidates:
        """The candidates: two queries, whatever their number.

        Of the runs that held a wanted value, for each value: those that wrote it last under a
        key that the victim read; of those whose own it is and of the others, the 8 that began earliest
        and the 8 that began latest among those that held it before the victim; and the 8 owners that
        held it first after. Of a canary, the 8 runs that began latest of those that it was issued to. Where
        there are more, the others are not looked at.
        """
        wanted = {(one.value, one.held_at, one.canary): one for one in sought}
        if not wanted:
            return cls({}, frozenset(), {})
        read = ResourceAccess.objects.filter(project=project, run=victim_pk, op="read")
        arguments: dict[str, Any] = {
            "project": project.pk,
            "run": victim_pk,
            "values": [one.value for one in wanted.values()],
            "horizons": [one.held_at for one in wanted.values()],
            "canaries": [one.canary for one in wanted.values()],
            "own_ids": [one.own_id for one in wanted.values()],
            "read": [bytes(key) for key in read.values_list("resource_key", flat=True).distinct()],
            "nearest": NEAREST,
        }
        with connection.cursor() as cursor:
            cursor.execute(_CANDIDATES, arguments)
            rows = cursor.fetchall()
            if any(one.canary is not None for one in wanted.values()):
                cursor.execute(_ISSUERS, arguments)
                rows += cursor.fetchall()
        pks: dict[int, set[int]] = {}
        for value, pk, _ in rows:
            pks.setdefault(value, set()).add(pk)
        keys = {one.want.key: one.value for one in wanted.values()}
        keys |= {value_key(one.want.token): one.canary for one in wanted.values() if one.canary is not None}
        return cls(pks, frozenset(name for *_, name in rows), keys)


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """The candidates with their events, loaded at once; a `detection.views.Lookup`."""

    views: Mapping[bytes, Sequence[RunView]]

    def holders(self, value_key: bytes) -> Sequence[RunView]:
        """The candidates for one value."""
        return self.views.get(value_key, ())

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:
        """Those of the candidates that wrote one of the resources."""
        every = {view.run_id: view for views in self.views.values() for view in views}
        return [view for view in every.values() if any(_wrote(view, resources))]

    @classmethod
    def load(
        cls, project: Project, candidates: Candidates, *, victim: RunView, maps: Mapping[str, ContextMap]
    ) -> StoredRuns:
        """Loads them: one query. The runs behind the victim's run id can be each other's sources."""
        views = views_of(project, {pk for pks in candidates.pks.values() for pk in pks}, maps=maps)
        return cls(
            {
                key: [victim, *(views[pk] for pk in sorted(candidates.pks.get(value, ())) if pk in views)]
                for key, value in candidates.keys.items()
            }
        )


def _wrote(view: RunView, resources: Collection[tuple[str, str]]) -> Iterable[bool]:
    """For each access of a run, whether it wrote one of the resources."""
    accesses = (access for run in view.runs for event in run.events for access in event.accesses)
    return (access.op == "write" and (access.store, access.key) in resources for access in accesses)


def views_of(project: Project, pks: Collection[int], *, maps: Mapping[str, ContextMap]) -> dict[int, RunView]:
    """Runs with all their events but without their families, by primary key: one query."""
    if not pks:
        return {}
    rows = StoredEvent.objects.filter(project=project, run__in=pks).order_by("id")
    events: dict[int, list[Event]] = {}
    for pk, body in rows.values_list("run_id", "body"):
        events.setdefault(pk, []).append(as_event(body))
    return {pk: RunView.of(found, context_map=None, kin=Kin(), maps=maps) for pk, found in events.items()}
