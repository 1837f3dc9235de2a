"""What two workers may not do at once, although they judge different runs.

A leak links two runs: one holds a value, the other wants to know who held it; or one is the other's
relative. If both were judged at the same moment, neither would see what the other is about to
write. So a run's transaction locks, before it looks around, the values that it holds (shared: two
holders do not disturb each other), the values that it wants (exclusive), its own name (exclusive)
and its ancestors' (shared). Whoever comes second sees all that the first one wrote.

Values and names share a fixed number of buckets a project, taken in one order by everybody: no
circle of waiting, and no transaction holds more locks than there are buckets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from django.db import connection

from monitor.models import Run

BUCKETS = 512

_LOCK = """
SELECT CASE WHEN exclusive THEN pg_advisory_xact_lock(%(space)s::int, bucket)
            ELSE pg_advisory_xact_lock_shared(%(space)s::int, bucket) END
FROM (
    SELECT bucket, bool_or(exclusive) AS exclusive
    FROM (
        SELECT %(buckets)s + (get_byte(value_key, 0) * 256 + get_byte(value_key, 1)) %% %(buckets)s, false
        FROM monitor_holding WHERE run_id = %(run)s
        UNION ALL
        SELECT shared, false FROM unnest(%(shared)s::int[]) AS shared
        UNION ALL
        SELECT exclusive, true FROM unnest(%(exclusive)s::int[]) AS exclusive
    ) AS everything (bucket, exclusive)
    GROUP BY bucket
    ORDER BY bucket
) AS in_order
"""


def take(*, run: Run, ancestors: Iterable[str], held: Iterable[bytes], wanted: Iterable[bytes]) -> None:
    """Locks all that a run's judgement touches outside itself, until the transaction ends.

    `held` and `wanted` are 16-byte value keys; those that the run is stored to hold are added.
    Call it once a transaction: a second call could close a circle.
    """
    shared = {_name_bucket(name) for name in ancestors} | {_value_bucket(key) for key in held}
    exclusive = {_name_bucket(run.run_id)} | {_value_bucket(key) for key in wanted}
    arguments: dict[str, Any] = {
        "space": run.project_id % 2**31,
        "buckets": BUCKETS,
        "run": run.pk,
        "shared": sorted(shared),
        "exclusive": sorted(exclusive),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, arguments)


def _name_bucket(run_id: str) -> int:
    return crc32(run_id.encode("utf-8", "surrogatepass")) % BUCKETS


def _value_bucket(value_key: bytes) -> int:
    return BUCKETS + (value_key[0] * 256 + value_key[1]) % BUCKETS
