"""Judges many runs at once that give no cause for more: new, alone and without fault, as most runs are.

A run that was never judged, has no relatives, issues no canary, shows no anomaly and is blamed for none
needs nothing of its surroundings. Of such runs a whole batch is judged and stored in one transaction of a
few statements, under the same locks as each would take on its own (`services.locks`). Any other run is left to
`services.judging`, which finds the same for all of them, one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import OperationalError, transaction

from monitor.detection.context_map import ContextMap
from monitor.detection.engine import Judgement
from monitor.detection.identity import Kin
from monitor.detection.views import RunView
from monitor.models import Project, Run, Work
from monitor.queries import events as stored_events
from monitor.queries.maps import maps_of
from monitor.services import calm_rows, canaries, cases, crowd_facts, locks, outcomes, ripples
from monitor.services.crowd_memory import Memory, memory_of
from monitor.services.run_values import Index

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """How many runs were judged, and which were looked at and are to be judged one by one."""

    judged: int = 0
    left: frozenset[int] = frozenset()


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
    rows = free.filter(pk__in=run_pks, project=project, judged_at=None)[:limit]
    found = {run.pk: run for run in rows}
    for run in found.values():
        run.project = project
    return found


def _judge(project: Project, runs: Mapping[int, Run], now: datetime) -> Looked:
    work = _work_of(runs, now)
    if not work:
        return Looked()
    if project.canary_shapes:
        return Looked(left=frozenset(work))
    maps = maps_of(project)
    memory = memory_of(project.pk, maps)
    loaded = stored_events.of_runs(project, work.keys())
    read = (_read(project, runs[pk], stored, memory) for pk, stored in loaded.items())
    calm = {one.run.pk: one for one in read if one is not None}
    others = _beside(project, calm)
    if calm:
        calm_rows.store(project_id=project.pk, rows=list(calm.values()), work=[work[pk] for pk in calm], now=now)
        ripples.queue(project_id=project.pk, run_pks=others - calm.keys(), now=now)
    return Looked(len(calm), frozenset(work.keys() - calm.keys()))


def _work_of(runs: Mapping[int, Run], now: datetime) -> dict[int, list[int]]:
    """The due Work rows, locked, by run; a run that could not be judged before is not among them."""
    rows = Work.objects.filter(run__in=runs, not_before__lte=now).select_for_update(skip_locked=True)
    found: dict[int, list[int]] = {}
    for pk, run_pk in rows.values_list("id", "run_id"):
        found.setdefault(run_pk, []).append(pk)
    return found


def _read(project: Project, run: Run, stored: stored_events.StoredRun, memory: Memory) -> calm_rows.Row | None:
    """A run judged from scratch, as it is to be stored; None where it is not calm."""
    if any(event.parent_run_id or canaries.issues(event) for event in stored.events):
        return None
    view, judgement = cases.judged_whole(run, stored.events, Kin(), memory.maps)
    if not _is_faultless(run, view, judgement, memory.maps):
        return None
    index = Index.compare(run, judgement, stored.events)
    facts = crowd_facts.facts_of(project, memory, run.pk, stored, view)
    return calm_rows.Row(run, view.runs[0].workflow, judgement, index.added, index.since, facts)


def _is_faultless(run: Run, view: RunView, judgement: Judgement, maps: Mapping[str, ContextMap]) -> bool:
    if judgement.findings or judgement.errors or len(view.runs) > 1:
        return False
    return not outcomes.compare(run, view.runs, maps).made


def _beside(project: Project, calm: dict[int, calm_rows.Row]) -> set[int]:
    """Locks all, drops those that are not alone, and gives the runs that want what the others hold."""
    if not calm:
        return set()
    held = {value for one in calm.values() for value in one.held}
    names = {one.run.run_id: pk for pk, one in calm.items()}
    buckets = locks.values(held=held, wanted=(), new_shapes=False)
    locks.take(project.pk, buckets, locks.own_names(names))
    around = calm_rows.around(project_id=project.pk, names=list(names), held=list(held))
    for name in names if around.has_canaries else around.named:
        calm.pop(names[name], None)
    return set(around.wanting)
