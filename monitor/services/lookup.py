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
from monitor.detection.identity import Kin
from monitor.detection.views import RunView
from monitor.models import Event as StoredEvent
from monitor.models import Project, ResourceAccess
from monitor.queries.events import as_event

NEAREST = 8

_CANDIDATES = """
WITH wanted (value_key, horizon) AS (
    SELECT * FROM unnest(%(keys)s::bytea[], %(horizons)s::timestamptz[])
), held AS (
    SELECT wanted.value_key, wanted.horizon, holding.run_id, run.first_at,
           bool_or(holding.kind = 'own') AS own, min(holding.occurred_at) AS held_at
    FROM wanted
    JOIN monitor_holding holding ON holding.project_id = %(project)s AND holding.value_key = wanted.value_key
    JOIN monitor_run run ON run.id = holding.run_id
    WHERE holding.run_id <> %(run)s
    GROUP BY wanted.value_key, wanted.horizon, holding.run_id, run.first_at
), written AS (
    SELECT held.value_key, held.horizon, held.run_id, max(access.occurred_at) AS written_at
    FROM held
    JOIN monitor_resourceaccess access ON access.run_id = held.run_id AND access.op = 'write'
    WHERE access.resource_key = ANY (%(read)s) AND access.occurred_at < held.horizon
    GROUP BY held.value_key, held.horizon, held.run_id
), ranked AS (
    SELECT *, held_at < horizon AS before,
           row_number() OVER (PARTITION BY value_key, horizon, own, held_at < horizon
                              ORDER BY first_at, run_id) AS from_earliest,
           row_number() OVER (PARTITION BY value_key, horizon, own, held_at < horizon
                              ORDER BY first_at DESC, run_id DESC) AS from_latest,
           row_number() OVER (PARTITION BY value_key, horizon, own, held_at < horizon
                              ORDER BY held_at, run_id) AS from_first_held
    FROM held
)
SELECT value_key, run_id FROM ranked
WHERE CASE WHEN before THEN from_earliest <= %(nearest)s OR from_latest <= %(nearest)s
           ELSE own AND from_first_held <= %(nearest)s END
UNION
SELECT value_key, run_id FROM (
    SELECT *, row_number() OVER (PARTITION BY value_key, horizon ORDER BY written_at DESC, run_id) AS latest
    FROM written
) AS carriers WHERE latest <= %(nearest)s
"""


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """The runs that may be a source of one victim's findings, loaded at once; a `detection.views.Lookup`.

    Of the runs that held a wanted value it knows, for each value: those that wrote it last under a
    key that the victim read; of those whose own it is and of the others, the 8 that began earliest
    and the 8 that began latest among those that held it before the victim; and the 8 owners that
    held it first after. Where more held it, the others are not looked at.
    """

    views: Mapping[bytes, Sequence[RunView]]

    def holders(self, value_key: bytes) -> Sequence[RunView]:
        """The candidates for one value."""
        return self.views.get(value_key, ())

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:
        """Those of the candidates that wrote one of the resources."""
        every = {view.run_id: view for views in self.views.values() for view in views}
        return [view for view in every.values() if any(wrote(view, resources))]

    @classmethod
    def load(
        cls,
        project: Project,
        findings: Iterable[Finding],
        *,
        victim_pk: int,
        maps: Mapping[str, ContextMap],
    ) -> StoredRuns:
        """Loads the candidates for these findings: three queries, whatever their number."""
        horizons = _horizons(findings)
        if not horizons:
            return cls({})
        pairs = _candidates(project, horizons, victim_pk)
        views = _views(project, {pk for _, pk in pairs}, maps)
        chosen: dict[bytes, list[RunView]] = {}
        for key, pk in pairs:
            if pk in views:
                chosen.setdefault(key, []).append(views[pk])
        return cls(chosen)


def wrote(view: RunView, resources: Collection[tuple[str, str]]) -> Iterable[bool]:
    """For each access of a run, whether it wrote one of the resources."""
    accesses = (access for run in view.runs for event in run.events for access in event.accesses)
    return (access.op == "write" and (access.store, access.key) in resources for access in accesses)


def want_of(finding: Finding) -> Want | None:
    """The value that other runs are searched for, or None where the source is in the run, or nowhere."""
    rule = rule_by_id(finding.rule)
    if finding.wants is None or rule.blame not in ("owner", "residue"):
        return None
    return Want.of(finding.wants, as_text=rule.identity is not None)


def _horizons(findings: Iterable[Finding]) -> set[tuple[bytes, datetime]]:
    """When the victim first showed each wanted value, at each path: what came later is no source."""
    first: dict[tuple[bytes, str], datetime] = {}
    for finding in findings:
        if want := want_of(finding):
            place = want.key, finding.path
            first[place] = min(first.get(place, finding.occurred_at), finding.occurred_at)
    return {(key, at) for (key, _), at in first.items()}


def _candidates(
    project: Project, horizons: set[tuple[bytes, datetime]], victim_pk: int
) -> list[tuple[bytes, int]]:
    read = ResourceAccess.objects.filter(project=project, run=victim_pk, op="read")
    keys, moments = zip(*sorted(horizons), strict=True)
    arguments: dict[str, Any] = {
        "project": project.pk,
        "run": victim_pk,
        "keys": list(keys),
        "horizons": list(moments),
        "read": [bytes(key) for key in read.values_list("resource_key", flat=True).distinct()],
        "nearest": NEAREST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, arguments)
        return [(bytes(key), pk) for key, pk in cursor.fetchall()]


def _views(project: Project, pks: set[int], maps: Mapping[str, ContextMap]) -> dict[int, RunView]:
    rows = StoredEvent.objects.filter(project=project, run__in=pks).order_by("id")
    events: dict[int, list[Event]] = {}
    for pk, body in rows.values_list("run_id", "body"):
        events.setdefault(pk, []).append(as_event(body))
    return {pk: RunView.of(found, context_map=None, kin=Kin(), maps=maps) for pk, found in events.items()}
