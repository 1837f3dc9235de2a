"""Figures that only grow, kept where every process and every restart finds them: for Prometheus."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from itertools import chain
from typing import Any, cast

import psycopg
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
WITH quick AS MATERIALIZED (SELECT CASE WHEN %s::bool THEN set_config('synchronous_commit', 'off', true) END)
INSERT INTO monitor_counter AS kept (project_id, name, label, slot, value)
SELECT %s::bigint, name, label, %s::smallint, value FROM quick, (VALUES {rows}) AS new (name, label, value)
ON CONFLICT (project_id, name, label, slot) DO UPDATE SET value = kept.value + excluded.value
"""
_ROW = "(%s::text, %s::text, %s::bigint)"  # an array of each would take three times as long


def add(project: Project | int, amounts: Amounts) -> None:
    """Adds to counters of a project, by name or by name and label, in one statement.

    Call it once a batch or pass, after what is counted has committed: it waits for no disk, and a crash
    in between loses the count of one batch and nothing else. A database that does not answer is
    logged and never an error: what is counted has happened. Source: docs/adr/0009-health.md.
    """
    # In one order by everybody, so that nobody waits in a circle
    rows = sorted(
        (*((key, "") if isinstance(key, str) else key), value) for key, value in amounts.items() if value
    )
    if not rows:
        return
    pk = project if isinstance(project, int) else project.pk
    statement = _ADD.format(rows=", ".join([_ROW] * len(rows)))
    slot = random.randrange(SLOTS)  # noqa: S311 - spreads writers, keeps no secret
    alone = not connection.in_atomic_block
    try:
        with connection.wrap_database_errors, _cursor() as cursor:
            cursor.execute(statement, [alone, pk, slot, *chain(*rows)], prepare=True)
    except (DatabaseError, InterfaceError) as error:
        if not alone:
            raise
        logger.warning("counts were lost", extra={"project_pk": pk, "error": type(error).__name__})


def _cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor whose statement the server plans once a connection: planning would be most of the cost."""
    connection.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[tuple[Any, ...]]", connection.connection))
