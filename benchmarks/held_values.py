"""The values of many made-up runs, stored as judging them would, and how they are looked up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection

from benchmarks.result import Result, percentile
from monitor.detection.engine import judge_run
from monitor.detection.event import Event
from monitor.detection.held import Want
from monitor.detection.holdings import fingerprint
from monitor.detection.identity import Kin
from monitor.models import Project, Run, RunValues
from monitor.services.lookup import Candidates, Sought
from monitor.services.run_values import watch_of
from tests.detection.samples import event

RUNS = 20_000
EVENTS_A_RUN = 10
LOOK_UPS = 200
BATCH = 1_000
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)


def figures() -> list[Result]:
    """Fills the database that Django is set up for, and looks values up in it."""
    call_command("migrate", verbosity=0)
    project = Project.objects.create(name="Shop", slug="shop", created_at=BEGIN)
    values = _fill(project)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_total_relation_size('monitor_runvalues')")
        size = cursor.fetchone()[0]
    victim = Run.objects.order_by("-id")[0]
    params = {"runs": RUNS, "events_a_run": EVENTS_A_RUN, "values_a_run": round(values / RUNS)}
    dice = random.Random(1)
    rare = [_seconds(project, victim.pk, f"s-{dice.randrange(RUNS)}") for _ in range(LOOK_UPS)]
    common = [_seconds(project, victim.pk, "EUR") for _ in range(5)]
    connection.close()
    return [
        _figure("index-lookup", percentile(rare, 0.5) * 1e3, "ms", {**params, "held_by": 1}),
        _figure("index-lookup-p99", percentile(rare, 0.99) * 1e3, "ms", {**params, "held_by": 1}),
        _figure("index-lookup-common", percentile(common, 0.5) * 1e3, "ms", {**params, "held_by": RUNS}),
        _figure("index-bytes", size / (RUNS * EVENTS_A_RUN), "B/event", params),
    ]


def _fill(project: Project) -> int:
    """Stores the values of so many runs as judging them would; how many values those are."""
    watch, total = watch_of(project), 0
    for start in range(0, RUNS, BATCH):
        numbers = range(start, start + BATCH)
        runs = Run.objects.bulk_create(_run(project, number) for number in numbers)
        rows = []
        for run, number in zip(runs, numbers, strict=True):
            held = judge_run(_events(number), context_map=None, kin=Kin(), watch=watch).holdings
            since = BEGIN + timedelta(seconds=number)
            rows.append(RunValues(project=project, run=run, values=list(held), since=since))
            total += len(held)
        RunValues.objects.bulk_create(rows)
    return total


def _run(project: Project, number: int) -> Run:
    at = BEGIN + timedelta(seconds=number)
    identity = {"session": f"s-{number}", "execution_id": f"x-{number}"}
    return Run(
        project=project,
        run_id=f"r-{number}",
        workflow="checkout",
        created_at=at,
        first_at=at,
        last_at=at,
        **identity,
    )


def _events(number: int) -> list[Event]:
    cart = {"items": [{"sku": f"k-{number % 500}-{item}", "qty": item} for item in range(6)], "currency": "EUR"}
    customer = {"email": f"c{number}@example.org", "tier": "gold", "address": {"street": f"Main Street {number}"}}
    context = {"session_id": f"s-{number}", "execution_id": f"x-{number}", "cart": cart, "customer": customer}
    found = []
    for step in range(EVENTS_A_RUN // 2):
        found.append(event(f"Step{step}.enter", dict(context), at=step, run_id=f"r-{number}"))
        context[f"out{step}"] = {"ok": True, "id": f"o-{number}-{step}"}
        found.append(event(f"Step{step}.exit", dict(context), at=step + 0.5, run_id=f"r-{number}"))
    return found


def _seconds(project: Project, victim_pk: int, value: str) -> float:
    """One look-up of the candidates for a session that the victim showed last of all."""
    want = Want.of(value, as_text=True)
    late = BEGIN + timedelta(days=9)
    sought = Sought(fingerprint(value, project.uuid.bytes), late, want, value, None)
    return _timed(lambda: Candidates.of(project, [sought], victim_pk=victim_pk))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _figure(name: str, value: float, unit: str, params: dict[str, Any]) -> Result:
    return Result(name, float(f"{value:.4g}"), unit, higher_is_better=False, params=params)
