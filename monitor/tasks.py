"""The Celery tasks: each reads the clock and calls one service. What is to be done stands in the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from monitor.queries.pulses import JUDGE, WORKER
from monitor.services import bell, crowd, detect, notify, pending, pulses, run_values

BUDGET_SECONDS = 1.0
"""So short that a task of the other kind, an alert for example, never waits long for a worker."""
RUNS_AT_A_TIME = 50
ALERTS_AT_A_TIME = 20


@shared_task(name=bell.JUDGE, acks_late=True, ignore_result=True, soft_time_limit=120, time_limit=150)
def judge() -> None:
    """Judges due runs until none is left or the budget is spent."""
    _work_off(bell.JUDGE, lambda now: detect.judge_due(now=now, limit_runs=RUNS_AT_A_TIME), full=RUNS_AT_A_TIME)
    pulses.beat(name=JUDGE, now=timezone.now())
    if pending.crowds_are_due(now=timezone.now()):
        bell.ring(bell.CROWDS)


@shared_task(name=bell.CROWDS, acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def judge_crowds() -> None:
    """Judges the runs of a project together, of one project after the other until none is due."""
    _work_off(bell.CROWDS, lambda now: crowd.judge_crowds(now=now, limit=1), full=2)


@shared_task(name=bell.DELIVER, acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def deliver() -> None:
    """Delivers due notifications until none is left or the budget is spent."""
    _work_off(bell.DELIVER, lambda now: notify.deliver_due(now=now, limit=ALERTS_AT_A_TIME), full=ALERTS_AT_A_TIME)


def _work_off(task: str, batch: Callable[[datetime], int], *, full: int) -> None:
    """Works through what is due, a batch at a time; a full batch calls another worker, a spent budget the next."""
    bell.heard(task)
    until = time.monotonic() + BUDGET_SECONDS
    while done := batch(timezone.now()):
        spent = time.monotonic() >= until
        if spent or done == full:
            bell.ring(task)
        if spent:
            break


@shared_task(name="monitor.tasks.forget", ignore_result=True, soft_time_limit=240, time_limit=270)
def forget() -> None:
    """Takes out of the index what is older than it is kept, some rows at a time."""
    until = time.monotonic() + BUDGET_SECONDS
    while run_values.forget(now=timezone.now()) and time.monotonic() < until:
        pass


@shared_task(name="monitor.tasks.sweep", ignore_result=True, soft_time_limit=20, time_limit=30)
def sweep() -> None:
    """Rings for rows that are due and that nobody seems to look at: a lost bell loses no work."""
    now = timezone.now()
    pulses.beat(name=WORKER, now=now)
    if pending.work_is_due(now=now):
        bell.ring(bell.JUDGE)
    if pending.crowds_are_due(now=now):
        bell.ring(bell.CROWDS)
    if pending.alerts_are_due(now=now):
        bell.ring(bell.DELIVER)
