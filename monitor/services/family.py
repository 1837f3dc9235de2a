"""Who is above and below a run among the stored runs, and what its rules need to know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.family import kin_among
from monitor.detection.identity import Identity, Kin, KinRun
from monitor.detection.reuse import Reuse
from monitor.detection.views import RunView
from monitor.models import Project, Run
from monitor.queries import events as stored_events

MAX_GENERATIONS = 50
MAX_RELATIVES = 1_000

_RELATIVES = """
WITH RECURSIVE up AS (
    SELECT id, run_id, parent_run_id, 1 AS depth FROM monitor_run
    WHERE project_id = %(project)s AND run_id = ANY (%(parents)s) AND run_id <> %(me)s
    UNION ALL
    SELECT run.id, run.run_id, run.parent_run_id, up.depth + 1 FROM up
    JOIN monitor_run run ON run.project_id = %(project)s AND run.run_id = up.parent_run_id
    WHERE run.run_id <> %(me)s AND up.depth < %(generations)s
), down AS (
    SELECT id, run_id, 1 AS depth FROM monitor_run
    WHERE project_id = %(project)s AND parent_run_id = %(me)s AND run_id <> %(me)s
    UNION ALL
    SELECT run.id, run.run_id, down.depth + 1 FROM down
    JOIN monitor_run run ON run.project_id = %(project)s AND run.parent_run_id = down.run_id
    WHERE run.run_id <> %(me)s AND down.depth < %(generations)s
), relatives AS (
    SELECT id, true AS above, depth FROM up UNION ALL SELECT id, false, depth FROM down
)
SELECT above, run.id, run.run_id, run.parent_run_id, run.first_at,
       execution_id, session, tenant, asserted_execution_id, asserted_session, asserted_tenant,
       EXISTS (SELECT FROM monitor_anomaly a WHERE a.run_id = run.id AND a.rule = 'run-id-reused')
FROM relatives JOIN monitor_run run USING (id)
GROUP BY above, run.id
ORDER BY min(depth), run.run_id
LIMIT %(relatives)s
"""


@dataclass(frozen=True, slots=True)
class Relatives:
    """A run's stored relatives: `kin` as its rules need it, the run ids `above`, the keys of them all."""

    kin: Kin
    above: tuple[str, ...]
    pks: tuple[int, ...]


def relatives_of(
    project: Project, run_id: str, parents: Collection[str], *, maps: Mapping[str, ContextMap]
) -> Relatives:
    """The relatives of a run that was spawned by `parents`, nearest first, as far as they were judged.

    At most 50 generations and 1,000 relatives, the nearest. Of a reused run id all runs behind it
    are relatives, but only the first one's parent is followed.
    """
    arguments: dict[str, Any] = {
        "project": project.pk,
        "me": run_id,
        "parents": list(parents),
        "generations": MAX_GENERATIONS,
        "relatives": MAX_RELATIVES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RELATIVES, arguments)
        rows = cursor.fetchall()
    people: dict[str, tuple[KinRun, ...]] = {}
    for _, pk, name, parent, first_at, *identity, reused in rows:
        alone = KinRun(name, Identity(*identity[:3]), Identity(*identity[3:]), parent, first_at=first_at)
        people[name] = _parts(project, pk, maps) if reused else (alone,)
    everybody = [one for name in sorted(people) for one in people[name]]
    return Relatives(
        kin=kin_among(run_id, parents, everybody),
        above=tuple(name for above, _, name, *_ in rows if above),
        pks=tuple(pk for _, pk, *_ in rows),
    )


def parents_named_by(events: Iterable[Event]) -> Sequence[str]:
    """The runs that spawned the run, or those behind its reused id, in whose events these are."""
    return Reuse.of(events).parent_run_ids


def _parts(project: Project, pk: int, maps: Mapping[str, ContextMap]) -> tuple[KinRun, ...]:
    """The runs behind a reused run id: who each of them is shows in its events alone."""
    run = Run.objects.get(project=project, pk=pk)
    return RunView.of(stored_events.of_run(project, run), context_map=None, kin=Kin(), maps=maps).as_kin()
