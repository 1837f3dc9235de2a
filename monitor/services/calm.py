"""Judges many runs at once that give no cause for more: alone and without fault, as most runs are.

A run that has no relatives, issues no canary, shows no anomaly and is blamed for none needs nothing of its
surroundings, whether it is new or goes on. Of such runs a whole batch is judged and stored in one transaction of a
few statements, under the same locks as each would take on its own (`services.locks`). Any other run is left to
`services.judging`, which finds the same for all of them, one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import OperationalError, transaction

from monitor.detection.context_map import ContextMap
from monitor.models import Project, Run, Work
from monitor.queries import events as stored_events
from monitor.queries.maps import maps_of
from monitor.services import calm_rows, calm_runs, locks, ripples
from monitor.services.calm_rows import Row
from monitor.services.crowd_memory import memory_of
from monitor.services.run_values import rows_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """How many runs were judged, and which were looked at and are to be judged one by one.

    `events` counts those that the judged runs had waiting.
    """

    judged: int = 0
    left: frozenset[int] = frozenset()
    events: int = field(default=0, compare=False)


def judge(*, project: Project, run_pks: Collection[int], now: datetime, limit: int) -> Looked:
    """Judges up to `limit` of a project's runs, those of them that are calm; `now` is the server's time.

    Runs that another worker has in hand are passed over. A batch in which anything is raised is left whole
    to be judged one by one, so that one run never stops the others.
    """
    runs: dict[int, Run] = {}
    try:
        with transaction.atomic():
            runs.update(_locked(project, run_pks, limit))
            return _judge(project, runs, now)
    except OperationalError as error:
        # A deadlock or a lost connection passes; the rows stay due.
        logger.warning("judging was interrupted", extra={"runs": len(runs), "error": type(error).__name__})
        return Looked()
    except Exception as error:  # whichever run it is, it shows when each is judged on its own
        logger.warning(
            "runs could not be judged at once", extra={"runs": len(runs), "error": type(error).__name__}
        )
        return Looked(left=frozenset(runs))


def _locked(project: Project, run_pks: Collection[int], limit: int) -> dict[int, Run]:
    free = Run.objects.select_for_update(no_key=True, skip_locked=True).order_by()
    rows = free.filter(pk__in=run_pks, project=project)[:limit]
    found = {run.pk: run for run in rows}
    for run in found.values():
        run.project = project
    return found


def _judge(project: Project, runs: Mapping[int, Run], now: datetime) -> Looked:
    work = _work_of(runs, now)
    if not work:
        return Looked()
    calm: dict[int, Row] = {}
    if not project.canary_shapes:
        maps = maps_of(project)
        fresh = {pk: runs[pk] for pk in work if runs[pk].judged_at is None}
        going_on = {pk: runs[pk] for pk, rows in work.items() if pk not in fresh and _brings_events_alone(rows)}
        read = [*_fresh(project, fresh, maps), *_going_on(project, going_on, work, maps)]
        calm = {one.run.pk: one for one in read if one is not None}
    if calm:
        others = _beside(project, calm)
        done = [row.pk for pk in calm for row in work[pk]]
        calm_rows.store(project_id=project.pk, rows=list(calm.values()), work=done, now=now)
        ripples.queue(project_id=project.pk, run_pks=others - calm.keys(), now=now)
    events = sum(len(row.event_pks) for pk in calm for row in work[pk])
    return Looked(len(calm), frozenset(work.keys() - calm.keys()), events)


def _work_of(runs: Mapping[int, Run], now: datetime) -> dict[int, list[Work]]:
    """The due Work rows, locked, by run."""
    found: dict[int, list[Work]] = {}
    for row in Work.objects.filter(run__in=runs, not_before__lte=now).select_for_update(skip_locked=True):
        found.setdefault(row.run_id, []).append(row)
    return found


def _brings_events_alone(work: Iterable[Work]) -> bool:
    return all(row.reason == Work.Reason.EVENTS for row in work)


def _fresh(project: Project, runs: Mapping[int, Run], maps: Mapping[str, ContextMap]) -> Iterator[Row | None]:
    if runs:
        memory = memory_of(project.pk, maps)
        for pk, stored in stored_events.of_runs(project, runs).items():
            yield calm_runs.fresh(project, runs[pk], stored, memory)


def _going_on(
    project: Project, runs: Mapping[int, Run], work: Mapping[int, Sequence[Work]], maps: Mapping[str, ContextMap]
) -> Iterator[Row | None]:
    if runs:
        pks = [pk for run_pk in runs for row in work[run_pk] for pk in row.event_pks]
        held = rows_of(runs)
        for pk, new in stored_events.of_runs(project, runs, event_pks=pks).items():
            yield calm_runs.onwards(runs[pk], new.events, held.get(pk, ()), maps)


def _beside(project: Project, calm: dict[int, Row]) -> set[int]:
    """Locks all, drops those that are not alone, and gives the runs that want what the others hold."""
    names = {one.run.run_id: pk for pk, one in calm.items()}
    held = {value for one in calm.values() for value in one.held}
    buckets = locks.values(held=held, wanted=(), new_shapes=False)
    locks.take(project.pk, buckets, locks.own_names(names))
    around = calm_rows.around(project_id=project.pk, rows=list(calm.values()))
    for name in names if around.has_canaries else around.named:
        calm.pop(names[name], None)
    return set(around.wanting)
