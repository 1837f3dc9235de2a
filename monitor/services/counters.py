"""Figures that only grow, kept where every process and every restart finds them: for Prometheus."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping

from django.db import DatabaseError, InterfaceError, connection

from monitor.models import Project

logger = logging.getLogger(__name__)

ACCEPTED = "events_accepted"
DUPLICATE = "events_duplicate"
JUDGED = "events_judged"
RULE_ERRORS = "rule_errors"
ALERT_ATTEMPTS = "alert_attempts"
Amounts = Mapping[str | tuple[str, str], int]
SLOTS = 8

_ADD = """
WITH quick AS MATERIALIZED (SELECT CASE WHEN %s THEN set_config('synchronous_commit', 'off', true) END)
INSERT INTO monitor_counter AS kept (project_id, name, label, slot, value)
SELECT %s, name, label, %s, value
FROM quick, unnest(%s::text[], %s::text[], %s::bigint[]) AS new (name, label, value)
ORDER BY name, label
ON CONFLICT (project_id, name, label, slot) DO UPDATE SET value = kept.value + excluded.value
"""


def add(project: Project | int, amounts: Amounts) -> None:
    """Adds to counters of a project, by name or by name and label, in one statement.

    Call it once a batch or pass, after what is counted has committed: it waits for no disk, and a crash
    in between loses the count of one batch and nothing else. A database that does not answer is
    logged and never an error: what is counted has happened. Source: docs/adr/0009-health.md.
    """
    keys = {(key, "") if isinstance(key, str) else key: value for key, value in amounts.items() if value}
    if not keys:
        return
    pk = project if isinstance(project, int) else project.pk
    names, labels = [name for name, _ in keys], [label for _, label in keys]
    slot = random.randrange(SLOTS)  # noqa: S311 - spreads writers, keeps no secret
    alone = not connection.in_atomic_block
    try:
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [alone, pk, slot, names, labels, list(keys.values())])
    except (DatabaseError, InterfaceError) as error:
        if not alone:
            raise
        logger.warning("counts were lost", extra={"project_pk": pk, "error": type(error).__name__})
