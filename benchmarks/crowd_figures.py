"""The figures of `benchmarks.crowd`, in a process whose database is at hand."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import psutil
from django.core.management import call_command
from django.db import connection

from benchmarks import shoppers
from benchmarks.result import Result
from ingestion.inbox import accept
from monitor.detection.event import Event
from monitor.models import Anomaly, Crowd, Project, Run, Work
from monitor.services import crowd, crowd_memory

SIZES = (1_000, 5_000)
BATCH_RUNS = 100
NEXT = 5
"""Passes with ten new runs each, of which the fastest counts."""
NEW_RUNS = 10


def figures() -> list[Result]:
    """The figures for each number of runs."""
    call_command("migrate", verbosity=0)
    return [figure for runs in SIZES for figure in _figures(runs)]


def _figures(runs: int) -> list[Result]:
    now = datetime.now(UTC)
    project = Project.objects.create(slug=f"shop-{runs}", name="Shop", created_at=now)
    every = list(shoppers.runs(runs))
    new = runs - NEXT * NEW_RUNS
    _store(project, every[:new], now)
    before = psutil.Process().memory_info().rss
    first = _pass(project, now)
    rss = psutil.Process().memory_info().rss - before
    warm = []
    for turn in range(NEXT):
        at = new + turn * NEW_RUNS
        _store(project, every[at : at + NEW_RUNS], now)
        warm.append(_pass(project, now))
    crowd_memory.forget_all()
    gc.collect()
    crowd.due(project_id=project.pk, run_pks=[Run.objects.filter(project=project).latest("id").pk], now=now)
    cold = _pass(project, now)
    found = Anomaly.objects.filter(project=project).count()
    params = {"runs": runs, "events_a_run": shoppers.EVENTS_A_RUN, "anomalies": found, "processes": 1}
    return [
        _figure("crowd-pass", min(warm), "s", {**params, "new_runs": NEW_RUNS}),
        _figure("crowd-pass-first", first, "s", {**params, "new_runs": new}),
        _figure("crowd-pass-new-process", cold, "s", {**params, "new_runs": 1}),
        _figure("crowd-memory", rss / 1e6, "MB", params),
        _figure("crowd-facts", _stored_bytes(project) / runs, "bytes/run", params),
    ]


def _store(project: Project, runs: Sequence[Iterable[Event]], now: datetime) -> None:
    """Stores events, and takes their runs for judged: what a judgement costs is measured elsewhere."""
    for start in range(0, len(runs), BATCH_RUNS):
        accept(project=project, events=list(chain.from_iterable(runs[start : start + BATCH_RUNS])), now=now)
    fresh = Run.objects.filter(project=project, judged_at=None)
    pks = list(fresh.values_list("id", flat=True))
    fresh.update(judged_at=now)
    Work.objects.filter(project=project).delete()
    crowd.due(project_id=project.pk, run_pks=pks, now=now)


def _pass(project: Project, now: datetime) -> float:
    row = Crowd.objects.filter(project=project).first()
    if crowd.judge_crowds(now=max(now, row.next_at) if row else now + timedelta(seconds=1)) != 1:
        raise RuntimeError("the crowd was not judged")
    return Crowd.objects.get(project=project).seconds


def _stored_bytes(project: Project) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_column_size(facts.*)) FROM monitor_runfacts facts WHERE project_id = %s", [project.pk]
        )
        return int(cursor.fetchone()[0])


def _figure(name: str, value: float, unit: str, params: dict[str, Any]) -> Result:
    return Result(name, float(f"{value:.3g}"), unit, higher_is_better=False, params=params)
