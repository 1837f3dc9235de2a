"""Who is above and below a run among the stored runs, and what its rules need to know of them."""

from __future__ import annotations

import json
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
), known AS (
    SELECT above, min(depth) AS depth, run.id, run.run_id, run.workflow, run.parts, run.parent_run_id,
           run.first_at, execution_id, session, tenant, asserted_execution_id, asserted_session, asserted_tenant
    FROM relatives JOIN monitor_run run USING (id)
    GROUP BY above, run.id
    ORDER BY min(depth), run.run_id
    LIMIT %(relatives)s
)
SELECT project.canary_shapes, known.*
FROM monitor_project project LEFT JOIN known ON true
WHERE project.id = %(project)s
ORDER BY depth, run_id
"""


@dataclass(frozen=True, slots=True)
class Near:
    """A parent (`above`) or a child of a run; `workflow` is None where its run id was reused."""

    pk: int
    run_id: str
    above: bool
    workflow: str | None


@dataclass(frozen=True, slots=True)
class Relatives:
    """A run's stored relatives: `kin` as its rules need it, the run ids `above`, the keys of them all.

    `shapes` are those of the project's canaries at the same moment, as (prefix, length).
    """

    kin: Kin
    above: tuple[str, ...]
    pks: tuple[int, ...]
    near: tuple[Near, ...]
    shapes: tuple[tuple[str, int], ...]


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
        found = cursor.fetchall()
    rows = [row[1:] for row in found if row[1] is not None]
    people: dict[str, tuple[KinRun, ...]] = {}
    for _, _, pk, name, _, parts, parent, first_at, *identity in rows:
        alone = KinRun(name, Identity(*identity[:3]), Identity(*identity[3:]), parent, first_at=first_at)
        people[name] = _parts(project, pk, maps) if parts > 1 else (alone,)
    everybody = [one for name in sorted(people) for one in people[name]]
    return Relatives(
        kin=kin_among(run_id, parents, everybody),
        above=tuple(name for above, _, _, name, *_ in rows if above),
        pks=tuple(pk for _, _, pk, *_ in rows),
        near=tuple(
            Near(pk, name, above, workflow if parts == 1 else None)
            for above, depth, pk, name, workflow, parts, *_ in rows
            if depth == 1
        ),
        shapes=tuple((prefix, length) for prefix, length in json.loads(found[0][0])),
    )


def parents_named_by(events: Iterable[Event]) -> Sequence[str]:
    """The runs that spawned the run, or those behind its reused id, in whose events these are."""
    return Reuse.of(events).parent_run_ids


def judged_together(run: Run, relatives: Relatives, maps: Mapping[str, ContextMap]) -> list[Near]:
    """The parents and children that the rules about families look at together with the run, by the maps."""
    mine = run.workflow if run.parts == 1 else None
    pairs = ((one, *((one.workflow, mine) if one.above else (mine, one.workflow))) for one in relatives.near)
    return [one for one, parent, child in pairs if _declares(parent, child, maps)]


def _declares(parent: str | None, child: str | None, maps: Mapping[str, ContextMap]) -> bool:
    """Whether a parent's map lists a child's workflow; any map and any child where a run id was reused."""
    declared = [one.children for name, one in maps.items() if parent in (None, name)]
    return any(children and (child is None or child in children) for children in declared)


def _parts(project: Project, pk: int, maps: Mapping[str, ContextMap]) -> tuple[KinRun, ...]:
    """The runs behind a reused run id: who each of them is shows in its events alone."""
    run = Run.objects.get(project=project, pk=pk)
    return RunView.of(stored_events.of_run(project, run), context_map=None, kin=Kin(), maps=maps).as_kin()
