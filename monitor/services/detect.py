"""Judges what is due: one transaction a run, from its events to its anomalies, incidents and alerts.

A run's Work rows are deleted in the transaction that stores their verdict: a worker killed at any
instant leaves everything or nothing, and of two workers on one run the second finds nothing to do.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction

from monitor import log_ids
from monitor.models import Run, Work
from monitor.services import counters
from monitor.services.attach import Raced
from monitor.services.judging import FamilyMoved, judge

logger = logging.getLogger(__name__)

ATTEMPTS = 6
FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 600

_DUE = """
SELECT run_id FROM (
    SELECT run_id, not_before, id FROM monitor_work WHERE not_before <= %s ORDER BY not_before, id LIMIT %s
) AS earliest GROUP BY run_id ORDER BY min(not_before), min(id) LIMIT %s
"""


def judge_due(*, now: datetime, limit_runs: int) -> int:
    """Judges up to `limit_runs` runs whose Work is due, those that wait longest; gives how many.

    `now` is the server's time. A run that cannot be judged is put off, with the type of its error,
    and never stops the others; a run that another worker has in hand is left to it.
    """
    judged: Counter[int] = Counter()
    done = sum(_judge_safely(pk, now, judged) for pk in _due(now, limit_runs))
    for project_id, events in judged.items():
        counters.add(project_id, {counters.JUDGED: events})
    return done


def _due(now: datetime, limit_runs: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit_runs * 4, limit_runs])
        pks = [pk for (pk,) in cursor.fetchall()]
    # Workers that see the same rows at the same moment should not queue up behind each other.
    random.shuffle(pks)
    return pks


def _judge_safely(pk: int, now: datetime, judged: Counter[int]) -> bool:
    with log_ids.within(run=pk):
        return _judge_named(pk, now, judged)


def _judge_named(pk: int, now: datetime, judged: Counter[int]) -> bool:
    work: list[Work] = []
    try:
        for _ in range(ATTEMPTS):
            try:
                return _judge_once(pk, now, work, judged)
            except (FamilyMoved, Raced):
                continue
    except OperationalError as error:
        # A deadlock or a lost connection passes; the row stays due.
        logger.warning("judging was interrupted", extra={"error": type(error).__name__})
        return False
    except Exception as error:
        logger.exception("a run could not be judged")
        _put_off(work, type(error).__name__, now)
        return True
    _put_off(work, "Raced", now)
    return True


def _judge_once(pk: int, now: datetime, work: list[Work], judged: Counter[int]) -> bool:
    with transaction.atomic():
        free = Run.objects.select_related("project").select_for_update(no_key=True, skip_locked=True, of=["self"])
        run = free.filter(pk=pk).first()
        if run is None:
            return False
        log_ids.add(project=str(run.project.uuid))
        work[:] = Work.objects.filter(run=pk, not_before__lte=now).select_for_update(skip_locked=True)
        if not work:
            return False
        verdict = judge(run, work, now=now)
        Work.objects.filter(pk__in=[row.pk for row in work]).delete()
        if not verdict:
            _commit_without_waiting()
    judged[run.project_id] += sum(len(row.event_pks) for row in work)
    return True


def _commit_without_waiting() -> None:
    """What a crash of the database loses of a quiet judgement comes back with its Work rows."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _put_off(work: Sequence[Work], error: str, now: datetime) -> None:
    """Tries again later, each time twice as late, so that a poisoned run costs little."""
    for row in work:
        delay = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(row.failures, 20))
        Work.objects.filter(pk=row.pk).update(
            failures=row.failures + 1, last_error=error[:200], not_before=now + timedelta(seconds=delay)
        )
