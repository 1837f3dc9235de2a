"""Judges foreign-value: what is another person's shows only in all runs of a project together.

A run that was judged leaves a CrowdWork row. A pass over a project takes the rows that are due, reads
what their runs held, judges the newest runs of the project together, and writes what that changes, one
short transaction a run. The rows go last: a worker killed at any instant leaves them due, and doing it
again changes nothing. One pass a project is at work at a time; it then rests three times as long as it took.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import OperationalError, connection, transaction

from monitor.models import Crowd, CrowdWork, Project
from monitor.services import crowd_pass
from monitor.services.crowd_memory import FactsMoved

logger = logging.getLogger(__name__)

REST = 3
"""A pass takes a quarter of a process' time at most."""
FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 600
_LOCK = -1
"""Beside the buckets of `services.locks`, which count from 0."""

_DUE = """
SELECT project.id FROM monitor_project project LEFT JOIN monitor_crowd crowd ON crowd.project_id = project.id
WHERE (crowd.next_at IS NULL OR crowd.next_at <= %(now)s)
  AND EXISTS (SELECT FROM monitor_crowdwork work WHERE work.project_id = project.id AND work.not_before <= %(now)s)
ORDER BY crowd.next_at NULLS FIRST, project.id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """The rows that a pass takes up, by run, and how often each run has failed."""

    rows: Mapping[int, frozenset[int]]
    failures: Mapping[int, int]
    unread: frozenset[int]
    """The runs whose facts were not stored with their rows."""

    @classmethod
    def of(cls, project: Project, now: datetime) -> Due:
        """What is due now; one query."""
        rows: dict[int, set[int]] = {}
        failed: dict[int, int] = {}
        unread: set[int] = set()
        found = CrowdWork.objects.filter(project=project, not_before__lte=now)
        for pk, run_pk, count, has_facts in found.values_list("id", "run_id", "failures", "has_facts"):
            rows.setdefault(run_pk, set()).add(pk)
            if not has_facts:
                unread.add(run_pk)
            failed[run_pk] = max(count, failed.get(run_pk, 0))
        return cls({run_pk: frozenset(pks) for run_pk, pks in rows.items()}, failed, frozenset(unread))


def due(*, project_id: int, run_pks: Collection[int], now: datetime) -> None:
    """Asks for runs to be taken up: belongs into the transaction that changed what they held, or their family."""
    CrowdWork.objects.bulk_create(
        CrowdWork(project_id=project_id, run_id=pk, created_at=now, not_before=now) for pk in sorted(run_pks)
    )


def projects_due(*, now: datetime) -> list[int]:
    """The projects of which runs are due and that have rested, those that rested longest first; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now})
        return [pk for (pk,) in cursor.fetchall()]


def judge_crowds(*, now: datetime, limit: int = 1) -> int:
    """Judges up to `limit` projects whose runs are due; gives how many. `now` is the server's time.

    A project that another worker has in hand is left to it, and the next one is taken.
    """
    judged = 0
    for pk in projects_due(now=now):
        if judged == limit:
            break
        with _alone(pk) as alone:
            judged += alone and pk in projects_due(now=now) and _judge_safely(Project.objects.get(pk=pk), now)
    return judged


@contextmanager
def _alone(project_pk: int) -> Iterator[bool]:
    """Whether nobody else judges this project's crowd; the lock ends with the connection at the latest."""
    key = [project_pk % 2**31, _LOCK]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", key)
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s::int, %s::int)", key)


def _judge_safely(project: Project, now: datetime) -> bool:
    work = Due.of(project, now)
    began = time.monotonic()
    try:
        outcome = crowd_pass.judge(project, work.rows, unread=work.unread, now=now)
    except (OperationalError, FactsMoved) as error:
        # A deadlock or a lost connection passes, and so does a burst of events; the rows stay due.
        logger.warning(
            "judging a crowd was interrupted", extra={"project": str(project.uuid), "error": type(error).__name__}
        )
        return False
    except Exception as error:
        logger.exception("a crowd could not be judged", extra={"project": str(project.uuid)})
        outcome = crowd_pass.Outcome(0, dict.fromkeys(work.rows, type(error).__name__))
    _end(project, work, outcome, seconds=time.monotonic() - began, now=now)
    return True


def _end(project: Project, work: Due, outcome: crowd_pass.Outcome, *, seconds: float, now: datetime) -> None:
    """Takes the rows away, tries the runs that failed again later, and lets the project rest."""
    rest = max(settings.CROWD_SECONDS, REST * seconds)
    with transaction.atomic():
        CrowdWork.objects.bulk_create(
            _again(project, pk, work, error, now) for pk, error in outcome.failed.items()
        )
        CrowdWork.objects.filter(pk__in=[pk for pks in work.rows.values() for pk in pks]).delete()
        Crowd.objects.update_or_create(
            project=project,
            defaults={
                "judged_at": now,
                "next_at": now + timedelta(seconds=seconds + rest),
                "seconds": seconds,
                "runs": outcome.runs,
            },
        )


def _again(project: Project, run_pk: int, work: Due, error: str, now: datetime) -> CrowdWork:
    """A row for a run that failed, each time twice as late, so that a poisoned run costs little."""
    failed = work.failures.get(run_pk, 0)
    delay = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(failed, 20))
    return CrowdWork(
        project=project,
        run_id=run_pk,
        created_at=now,
        not_before=now + timedelta(seconds=delay),
        failures=failed + 1,
        last_error=error[:200],
    )
