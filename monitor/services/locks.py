"""What two workers may not do at once, although they judge different runs.

A leak links two runs: one holds a value, the other wants to know who held it; or one is the other's
relative. If both were judged at the same moment, neither would see what the other is about to
write. So a run's transaction locks, before it looks around, the values that it is found to hold for the
first time (shared: two holders do not disturb each other), the values that it wants, issues or groups
itself by (exclusive), its own name (exclusive), and the names of its ancestors and of the runs that it may
blame (shared). Whoever comes second sees all that the first one wrote.

Values and names share a fixed number of buckets a project, values first, taken in one order by
everybody: no circle of waiting. Values are many a run and share few buckets, which bounds the locks of a
transaction; names are few, and have so many buckets that two batches of runs seldom wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from django.db import connection

from monitor.services.statements import cursor

VALUE_BUCKETS = 1024
NAME_BUCKETS = 65_536
_SHAPES = 0
_FIRST_NAME = 1 + VALUE_BUCKETS

_LOCK = """
SELECT CASE WHEN exclusive THEN pg_advisory_xact_lock(%(space)s::int, bucket)
            ELSE pg_advisory_xact_lock_shared(%(space)s::int, bucket) END
FROM (
    SELECT bucket, bool_or(exclusive) AS exclusive
    FROM (
        SELECT shared, false FROM unnest(%(shared)b::int[]) AS shared
        UNION ALL
        SELECT exclusive, true FROM unnest(%(exclusive)b::int[]) AS exclusive
    ) AS everything (bucket, exclusive)
    GROUP BY bucket
    ORDER BY bucket
) AS in_order
"""


def values(*, held: Iterable[int], wanted: Iterable[int], new_shapes: bool) -> tuple[set[int], set[int]]:
    """The buckets of values, to be taken shared and exclusive; `new_shapes`: it issues a new kind of canary."""
    shared = {_SHAPES} | {_value_bucket(value) for value in held}
    exclusive = {_value_bucket(value) for value in wanted} | ({_SHAPES} if new_shapes else set())
    return shared, exclusive


def names(*, own: str, others: Iterable[str]) -> tuple[set[int], set[int]]:
    """The buckets of names, to be taken shared and exclusive."""
    return {_name_bucket(name) for name in others}, {_name_bucket(own)}


def own_names(run_ids: Iterable[str]) -> tuple[set[int], set[int]]:
    """The buckets of the names of runs that are judged at once, to be taken shared (none) and exclusive."""
    return set(), {_name_bucket(run_id) for run_id in run_ids}


def take(project_id: int, *buckets: tuple[set[int], set[int]]) -> None:
    """Locks until the transaction ends.

    At most twice a transaction: `values` alone, then `names` alone; any other second call could close a
    circle.
    """
    arguments: dict[str, Any] = {
        "space": project_id % 2**31,
        "shared": sorted(set().union(*(shared for shared, _ in buckets))),
        "exclusive": sorted(set().union(*(exclusive for _, exclusive in buckets))),
    }
    with connection.wrap_database_errors, cursor() as binary:
        binary.execute(_LOCK, arguments)


def _name_bucket(run_id: str) -> int:
    return _FIRST_NAME + crc32(run_id.encode("utf-8", "surrogatepass")) % NAME_BUCKETS


def _value_bucket(value: int) -> int:
    return 1 + value % VALUE_BUCKETS
