"""Which other runs must be looked at again because this one changed: only those whose verdict may differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from monitor.detection.catalogue import CATALOGUE
from monitor.models import Run, Work

CLASSED_BY_SOURCE = [rule.id for rule in CATALOGUE if rule.leak_class is None]

_VICTIMS = """
SELECT run_id FROM monitor_anomaly
WHERE project_id = %(project)s AND wants = ANY (%(changed)s) AND run_id <> %(run)s
UNION
SELECT run_id FROM monitor_anomaly
WHERE project_id = %(project)s AND run_id <> %(run)s
  AND wants IN (SELECT value_key FROM monitor_holding WHERE run_id = %(run)s)
GROUP BY run_id, wants, path
HAVING min(occurred_at) > %(since)s::timestamptz
UNION
SELECT anomaly.run_id FROM monitor_anomaly anomaly JOIN monitor_run victim ON victim.id = anomaly.run_id
WHERE anomaly.project_id = %(project)s AND anomaly.source_run_id = %(name)s AND anomaly.run_id <> %(run)s
  AND anomaly.rule = ANY (%(rules)s)
  AND CASE anomaly.leak_class WHEN 'temporal' THEN victim.first_at <= %(last_at)s
                              WHEN 'spatial' THEN victim.first_at > %(last_at)s
                              ELSE false END
"""
_SUSPECTS = "SELECT DISTINCT run_id FROM monitor_anomaly WHERE run_id = ANY (%(pks)s) AND wants IS NOT NULL"
_WAITING = """
SELECT run_id FROM monitor_work WHERE run_id = ANY (%s) AND reason <> 'events'
ORDER BY id FOR KEY SHARE SKIP LOCKED
"""


def victims(*, run: Run, changed: Collection[bytes], since: datetime | None) -> set[int]:
    """The runs whose anomalies this run may now explain differently.

    Those that want a value of which this run's holding `changed`; those that want a value it holds
    and showed it only after `since`, its earliest new event (None: it has none), because sources
    are sought among what came before; and those whose leak's class its new end has turned over.
    """
    arguments = {
        "project": run.project_id,
        "run": run.pk,
        "name": run.run_id,
        "changed": list(changed),
        "since": since,
        "rules": CLASSED_BY_SOURCE,
        "last_at": run.last_at,
    }
    return _pks(_VICTIMS, arguments)


def suspects(pks: Collection[int]) -> set[int]:
    """Of these runs those with an anomaly that says whose a value is.

    To learn more of a relative can only acquit a run: what a relative rightfully holds is not
    foreign. Runs without such an anomaly need not be asked again.
    """
    return _pks(_SUSPECTS, {"pks": list(pks)}) if pks else set()


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
