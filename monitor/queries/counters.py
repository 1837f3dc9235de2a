"""The figures that only grow, and how long the queues are: what Prometheus reads of a project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Sum

from monitor.models import Counter, Project

QUEUES = ("events", "dependency", "map", "crowd", "alert")

_QUEUES = """
SELECT reason, count(*), coalesce(sum(cardinality(event_pks)), 0), min(created_at)
FROM monitor_work WHERE project_id = %(project)s GROUP BY reason
UNION ALL
SELECT 'crowd', count(*), 0, min(created_at) FROM monitor_crowdwork WHERE project_id = %(project)s
UNION ALL
SELECT 'alert', count(*), 0, min(created_at) FROM monitor_notification
WHERE project_id = %(project)s AND status = 'pending'
"""


@dataclass(frozen=True, slots=True)
class Queues:
    """`depth` in rows by what they wait for; `events` accepted and not judged, the oldest for `seconds`."""

    depth: dict[str, int]
    events: int
    seconds: float


def counted(project: Project) -> dict[str, dict[str, int]]:
    """Every counter of the project: by name, then by label."""
    found: dict[str, dict[str, int]] = {}
    rows = Counter.objects.filter(project=project).values_list("name", "label")
    for name, label, value in rows.annotate(total=Sum("value")).order_by("name", "label"):
        found.setdefault(name, {})[label] = value
    return found


def queues(project: Project, *, now: datetime) -> Queues:
    """What waits in the project, in one statement; ages by the server's clock."""
    depth, events, seconds = dict.fromkeys(QUEUES, 0), 0, 0.0
    with connection.cursor() as cursor:
        cursor.execute(_QUEUES, {"project": project.pk})
        for reason, rows, waiting, since in cursor.fetchall():
            depth[reason] = int(rows)
            if reason == "events":
                events = int(waiting)
                seconds = max(0.0, (now - since).total_seconds()) if since else 0.0
    return Queues(depth, events, seconds)
