"""Which other runs must be looked at again because this one changed: only those whose verdict may differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from monitor.detection.catalogue import CATALOGUE
from monitor.models import Run, RunValues, Work
from monitor.services.verdict import CROWD_RULES

CLASSED_BY_SOURCE = [rule.id for rule in CATALOGUE if rule.leak_class is None and rule.id not in CROWD_RULES]
NAMED_BY_FAMILY = ["unscoped-key", "undeclared-resource"]
"""Rules without a source that know a run by its ancestors' names too."""

_VICTIMS = """
SELECT run_id FROM monitor_anomaly
WHERE project_id = %(project)s AND wants = ANY (%(changed)s::bigint[]) AND run_id <> %(run)s
UNION
SELECT run_id FROM monitor_anomaly anomaly
WHERE project_id = %(project)s AND wants IS NOT NULL AND sought_until >= %(since)s::timestamptz
  AND run_id <> %(run)s
  AND EXISTS (SELECT FROM monitor_runvalues held
              WHERE held.run_id = %(run)s AND anomaly.wants = ANY (held.values))
UNION
SELECT run_id FROM monitor_anomaly
WHERE project_id = %(project)s AND source_run_id = %(name)s AND run_id <> %(run)s AND rule = 'canary-escaped'
  AND (%(late)s OR source_occurred_at >= %(since)s::timestamptz
       OR (source_path = '$' AND %(since)s::timestamptz IS NOT NULL))
UNION
SELECT anomaly.run_id FROM monitor_anomaly anomaly JOIN monitor_run victim ON victim.id = anomaly.run_id
WHERE anomaly.project_id = %(project)s AND anomaly.source_run_id = %(name)s AND anomaly.run_id <> %(run)s
  AND anomaly.rule = ANY (%(rules)s)
  AND CASE WHEN %(reused)s OR victim.parts > 1 THEN %(since)s::timestamptz IS NOT NULL
           WHEN anomaly.leak_class = 'temporal' THEN victim.first_at <= %(last_at)s
           WHEN anomaly.leak_class = 'spatial' THEN victim.first_at > %(last_at)s
           ELSE false END
"""
_SUSPECTS = """
SELECT DISTINCT run_id FROM monitor_anomaly
WHERE run_id = ANY (%(pks)s) AND (wants IS NOT NULL OR rule = ANY (%(rules)s))
"""
_WAITING = """
SELECT run_id FROM monitor_work WHERE run_id = ANY (%s) AND reason <> 'events'
ORDER BY id FOR KEY SHARE SKIP LOCKED
"""


def victims(*, run: Run, changed: Collection[int], since: datetime | None, late: bool) -> set[int]:
    """The runs whose anomalies this run may now explain differently.

    Those that want a value of which this run's holding `changed`; those that want a value it holds
    and whose source was sought after `since`, its earliest new event (None: it has none); and those
    whose leak's class its new end has turned over. Of a canary that it was issued with, also where it held
    it first counts, whenever that was; `late`: there are new events before others of the run. Its values
    must be stored already.
    """
    arguments = {
        "project": run.project_id,
        "run": run.pk,
        "name": run.run_id,
        "changed": list(changed),
        "since": since,
        "late": late,
        "rules": CLASSED_BY_SOURCE,
        "reused": run.parts > 1,
        "last_at": run.last_at,
    }
    return _pks(_VICTIMS, arguments)


def suspects(pks: Collection[int]) -> set[int]:
    """Of these runs those with an anomaly that says whose a value or a key is.

    To learn more of a relative can only acquit a run: what a relative rightfully holds is not
    foreign. Runs without such an anomaly need not be asked again.
    """
    return _pks(_SUSPECTS, {"pks": list(pks), "rules": NAMED_BY_FAMILY}) if pks else set()


def holders(*, run: Run, values: Collection[int]) -> set[int]:
    """The other runs that hold one of these values: the latest `RIPPLE_MAX_RUNS`."""
    if not values:
        return set()
    rows = RunValues.objects.filter(project=run.project_id, values__overlap=list(values)).exclude(run=run)
    latest = rows.order_by("-run_id").values_list("run_id", flat=True)
    return set(latest[: settings.RIPPLE_MAX_RUNS])


def latest(*, run: Run) -> set[int]:
    """The project's latest other runs, `RIPPLE_MAX_RUNS` at most."""
    rows = Run.objects.filter(project=run.project_id).exclude(pk=run.pk).order_by("-id")
    return set(rows.values_list("pk", flat=True)[: settings.RIPPLE_MAX_RUNS])


def queue(*, project_id: int, run_pks: Iterable[int], now: datetime) -> None:
    """Asks for runs to be judged again, once each: a row that nobody works on yet will do."""
    wanted = set(run_pks)
    if not wanted:
        return
    with connection.cursor() as cursor:
        # The lock keeps a waiting row from being taken before this transaction is there to be seen.
        cursor.execute(_WAITING, [sorted(wanted)])
        wanted -= {pk for (pk,) in cursor.fetchall()}
    Work.objects.bulk_create(
        Work(project_id=project_id, run_id=pk, reason=Work.Reason.DEPENDENCY, created_at=now, not_before=now)
        for pk in sorted(wanted)
    )


def _pks(query: str, arguments: dict[str, Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return {pk for (pk,) in cursor.fetchall()}
