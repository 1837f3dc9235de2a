"""What was accepted and is not judged yet, each run alone and all of them together, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from monitor.models import Crowd, Project, Work

_WAITING = """
SELECT coalesce(sum(events), 0), min(created_at), count(DISTINCT run_id) FILTER (WHERE failures > 0),
       count(DISTINCT run_id) FILTER (WHERE fresh), min(created_at) FILTER (WHERE fresh)
FROM (
    SELECT run_id, greatest(cardinality(event_pks), 1) AS events, created_at, failures, reason = 'events' AS fresh
    FROM monitor_work WHERE project_id = %(project)s
    UNION ALL
    SELECT run_id, 1, created_at, failures, true FROM monitor_crowdwork WHERE project_id = %(project)s
) AS waiting
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be judged; times are by the server's clock.

    `events` counts each event that was not judged yet, and 1 for each time that a run is to be looked
    at again or together with others. `failing_runs` are those whose judging raised an error.
    `fresh_runs` have new events, and the oldest of these waits since `fresh_since`.
    """

    events: int
    oldest: datetime | None
    failing_runs: int
    fresh_runs: int
    fresh_since: datetime | None


def waiting(project: Project) -> Waiting:
    """What waits in the project: one statement, so that nothing is between the two queues when it looks."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"project": project.pk})
        events, oldest, failing, fresh, since = cursor.fetchone()
    return Waiting(int(events), oldest, failing, fresh, since)


def latest_pass(project: Project) -> tuple[float, int]:
    """How many seconds the project's runs were last judged together for, and how many they were; 0 where never."""
    row = Crowd.objects.filter(project=project).values_list("seconds", "runs").first()
    return row or (0.0, 0)


def overdue_seconds(*, now: datetime) -> float:
    """For how long the run that waits longest, of any project, could have been judged; 0 where none waits."""
    first = (
        Work.objects.filter(not_before__lte=now).order_by("not_before", "id").values_list("not_before", flat=True)
    )
    since = first.first()
    return max(0.0, (now - since).total_seconds()) if since else 0.0
