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
from typing import NamedTuple

from django.db import OperationalError, connection, transaction

from monitor import log_ids
from monitor.models import Project, Run, Work
from monitor.services import calm, counters
from monitor.services.attach import Raced
from monitor.services.judging import FamilyMoved, judge

logger = logging.getLogger(__name__)

ATTEMPTS = 6
FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 600

LOOK_AHEAD = 4
"""So many times as many rows are looked at as runs are judged: other workers have some of them in hand."""
CALM_A_RUN = 5
"""So many calm runs are judged at once in the time that one run takes on its own."""

_DUE = """
SELECT run.id, run.project_id,
       max(failures) = 0 AND (run.judged_at IS NULL OR (bool_and(reason = 'events') AND length(run.state) > 0))
FROM (
    SELECT run_id, not_before, id, failures, reason FROM monitor_work
    WHERE not_before <= %s ORDER BY not_before, id LIMIT %s
) AS earliest JOIN monitor_run run ON run.id = earliest.run_id
GROUP BY run.id ORDER BY min(not_before), min(earliest.id)
"""


class _Due(NamedTuple):
    """A run that is due, and whether it may be calm: new or going on, and never failed to be judged."""

    pk: int
    project_pk: int
    may_be_calm: bool


def judge_due(*, now: datetime, limit_runs: int) -> int:
    """Judges up to `limit_runs` runs whose Work is due, those that wait longest; gives how many.

    `now` is the server's time. Runs that are calm are judged at once, the others one by one, and of these
    fewer. A run that cannot be judged is put off, with the type of its error, and never stops the
    others; a run that another worker has in hand is left to it.
    """
    judged: Counter[int] = Counter()
    due = _due(now, limit_runs * LOOK_AHEAD)
    looked = _judge_calm(due, now, limit_runs, judged)
    others = [one.pk for one in due if not one.may_be_calm]
    alone = [*others, *looked.left][: max(1, limit_runs // CALM_A_RUN)]
    # Workers that see the same rows at the same moment should not queue up behind each other.
    random.shuffle(alone)
    done = looked.judged + sum(_judge_safely(pk, now, judged) for pk in alone)
    for project_pk, events in judged.items():
        counters.add(project_pk, {counters.JUDGED: events})
    return done


def _due(now: datetime, limit: int) -> list[_Due]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit])
        return [_Due(*row) for row in cursor.fetchall()]


def _judge_calm(due: Sequence[_Due], now: datetime, limit: int, judged: Counter[int]) -> calm.Looked:
    """Those that may be calm, of the project that waits longest, at once."""
    first = next((one for one in due if one.may_be_calm), None)
    if first is None:
        return calm.Looked()
    pks = [one.pk for one in due if one.may_be_calm and one.project_pk == first.project_pk]
    looked = calm.judge(project=Project.objects.get(pk=first.project_pk), run_pks=pks, now=now, limit=limit)
    judged[first.project_pk] += looked.events
    return looked


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
