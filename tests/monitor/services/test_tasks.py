"""The tasks: a clock, a budget, and one service each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.conf import LazySettings

from monitor import tasks
from monitor.models import CrowdWork, Run, RunValues, Work
from monitor.services import bell, crowd
from tests.factories import make_channel, make_notification, make_project, make_run
from tests.monitor.services.story import event, leak, pending, post


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(bell, "ring", heard.append)
    monkeypatch.setattr(bell, "heard", lambda task: heard.append(f"heard {task}"))
    return heard


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.django_db
def test_judging_works_until_nothing_is_due(rung: list[str]) -> None:
    post(make_project(), leak(), now=now())
    tasks.judge()
    assert pending() == 0
    assert rung == [f"heard {bell.JUDGE}", bell.CROWDS]


@pytest.mark.django_db
def test_runs_are_judged_together_until_none_is_due(rung: list[str]) -> None:
    for project in (make_project(), make_project()):
        post(project, leak(), now=now())
    tasks.judge()
    rung.clear()
    tasks.judge_crowds()
    assert not CrowdWork.objects.exists()
    tasks.judge_crowds()
    assert rung == [f"heard {bell.CROWDS}"] * 2


@pytest.mark.django_db
def test_a_full_batch_calls_another_worker(rung: list[str]) -> None:
    runs = tasks.RUNS_AT_A_TIME
    post(make_project(), [event(f"r-{number}", number, "s-1") for number in range(runs)], now=now())
    tasks.judge()
    assert pending() == 0
    assert rung == [f"heard {bell.JUDGE}", bell.JUDGE, bell.CROWDS]


@pytest.mark.django_db
def test_a_spent_budget_leaves_the_rest_to_the_next_ring(rung: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "RUNS_AT_A_TIME", 1)
    post(make_project(), [event(f"r-{number}", number, "s-1") for number in range(3)], now=now())
    tasks.judge()
    assert pending() == 2
    assert rung == [f"heard {bell.JUDGE}", bell.JUDGE, bell.CROWDS]


@pytest.mark.django_db
def test_delivering_works_until_nothing_is_due(rung: list[str]) -> None:
    channel = make_channel(project=make_project(), url="http://169.254.169.254/")
    rows = [make_notification(channel=channel, now=now()) for _ in range(3)]
    tasks.deliver()
    for row in rows:
        row.refresh_from_db()
        assert row.status == "given_up"
    assert rung == [f"heard {bell.DELIVER}"]


@pytest.mark.django_db
@pytest.mark.parametrize("due", [True, False])
def test_the_sweep_rings_for_what_is_due_and_for_nothing_else(rung: list[str], due: bool) -> None:
    moment = now() + (timedelta() if due else timedelta(hours=1))
    project = make_project()
    post(project, leak(), now=moment)
    run = Run.objects.get(project=project, run_id="r-1")
    crowd.due(project_id=project.pk, run_pks=[run.pk], now=moment)
    make_notification(channel=make_channel(project=project), now=moment)
    tasks.sweep()
    assert rung == ([bell.JUDGE, bell.CROWDS, bell.DELIVER] if due else [])
    assert Work.objects.exists()


@pytest.mark.parametrize("task", [tasks.judge, tasks.judge_crowds, tasks.deliver, tasks.sweep, tasks.forget])
def test_every_task_is_known_by_its_name_and_has_limits(task: Callable[[], None]) -> None:
    found = current_app.tasks[task.name]  # type: ignore[attr-defined] # Celery fills it later
    assert found.soft_time_limit < found.time_limit <= 660
    assert found.ignore_result


def test_the_bell_names_tasks_that_exist() -> None:
    assert {bell.JUDGE, bell.CROWDS, bell.DELIVER, "monitor.tasks.sweep"} <= set(current_app.tasks)


@pytest.mark.django_db
def test_what_is_older_than_the_index_keeps_is_forgotten_and_the_rest_stays(settings: LazySettings) -> None:
    settings.INDEX_DAYS = 30
    project = make_project()
    old, young = make_run(project=project), make_run(project=project)
    held = [now() - timedelta(days=days) for days in (31, 29)]
    for run, since in zip((old, young), held, strict=True):
        RunValues.objects.create(project=run.project, run=run, values=[1], since=since)
    tasks.forget()
    assert [one.run for one in RunValues.objects.all()] == [young]
