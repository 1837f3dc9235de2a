"""Rules that raised: recorded with their run, and forgotten once they no longer do."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from monitor.detection.engine import RuleError
from monitor.models import Project, RuleFailure, Run
from monitor.services import counters
from monitor.services.verdict import CROWD_RULES

logger = logging.getLogger(__name__)


def record(*, run: Run, errors: Sequence[RuleError], whole: bool, now: datetime) -> None:
    """Stores which rules raised in a run, in the transaction that stores its judgement and under the run's lock.

    `whole`: the run was judged from scratch, so `errors` are all there are, and what stood before no
    longer does. Otherwise they are those of its latest events, and are added. `now` is the server's
    time; call it before the run's `judged_at` is set.
    """
    if not errors and (not whole or run.judged_at is None):
        return
    by_rule: dict[str, list[RuleError]] = {}
    for error in errors:
        by_rule.setdefault(error.rule, []).append(error)
    stored = {row.rule: row for row in RuleFailure.objects.filter(run=run)}
    if whole and (past := stored.keys() - by_rule.keys() - set(CROWD_RULES)):
        RuleFailure.objects.filter(run=run, rule__in=past).delete()
    for rule, raised in by_rule.items():
        logger.error(
            "a rule failed", extra={"rule": rule, "run": run.pk, "error": raised[-1].error, "events": len(raised)}
        )
        _store(run, rule, raised, stored.get(rule), whole=whole, now=now)
    _count(run.project_id, {rule: len(raised) for rule, raised in by_rule.items()})


def _store(
    run: Run, rule: str, raised: Sequence[RuleError], row: RuleFailure | None, *, whole: bool, now: datetime
) -> None:
    if row is None:
        row = RuleFailure(project_id=run.project_id, run=run, rule=rule, count=0, first_at=now)
    row.count = len(raised) if whole else row.count + len(raised)
    row.error = raised[-1].error[:200]
    row.last_at = max(now, row.first_at)
    row.save()


def record_of_crowd(
    *, project: Project, rule: str, errors: Mapping[int, str], looked_at: Collection[int], now: datetime
) -> None:
    """The same for a rule that is judged over many runs: `errors` by run, of those that were `looked_at`."""
    stored = {row.run_id: row for row in RuleFailure.objects.filter(project=project, rule=rule)}
    if past := [row.pk for pk, row in stored.items() if pk in looked_at and pk not in errors]:
        RuleFailure.objects.filter(pk__in=past).delete()
    for pk, error in errors.items():
        logger.error("a rule failed", extra={"rule": rule, "run": pk, "error": error, "events": 1})
        row = stored.get(pk) or RuleFailure(project=project, run_id=pk, rule=rule, count=1, first_at=now)
        row.error, row.last_at = error[:200], max(now, row.first_at)
        row.save()
    _count(project.pk, {rule: len(errors)})


def _count(project_id: int, raised: Mapping[str, int]) -> None:
    """Once committed, so that nobody waits for a counter while holding what others want."""
    amounts: counters.Amounts = {(counters.RULE_ERRORS, rule): times for rule, times in raised.items()}
    transaction.on_commit(partial(counters.add, project_id, amounts))
