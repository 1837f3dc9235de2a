"""Context maps: checked, stored by version, and put in force."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import connection, transaction

from monitor.detection.maps import parse_map
from monitor.models import MapVersion, Project, Workflow
from monitor.queries.maps import version_in_force
from monitor.services import bell
from monitor.services.actor import Actor

_JUDGE_RUNNING = """
INSERT INTO monitor_work (project_id, run_id, reason, event_pks, created_at, not_before, failures, last_error)
SELECT project_id, id, 'map', '{}', %s, %s, 0, '' FROM monitor_run
WHERE project_id = %s AND workflow = %s AND NOT ended AND judged_at IS NOT NULL
ORDER BY id
"""


class MapMoved(Exception):
    """Another version was put in force in between."""


def put_map(
    *, project: Project, workflow: str, text: str, by: Actor, now: datetime, replaces: int | None = None
) -> MapVersion:
    """Puts a map in force for events judged from now on; the same text again makes no new version.

    Runs that have not ended are judged again with it, ended ones are left as they were judged. The
    workflow takes its `risk` and `owner` from the map. `replaces`, where given, is the number of the version
    that must be in force until then (0: none); raises MapMoved otherwise. Raises detection.maps.MapError, also
    where the map is of another workflow. Source: MAPS.md.
    """
    parsed = parse_map(text, workflow=workflow)
    digest = hashlib.sha256(text.encode()).digest()
    with transaction.atomic():
        row, _ = Workflow.objects.get_or_create(project=project, name=workflow, defaults={"first_seen_at": now})
        row = Workflow.objects.select_for_update(no_key=True).get(pk=row.pk)
        latest = version_in_force(project, workflow)
        if replaces is not None and replaces != (latest.number if latest else 0):
            raise MapMoved
        if latest is not None and bytes(latest.digest) == digest:
            return latest
        version = MapVersion.objects.create(
            workflow=row,
            number=latest.number + 1 if latest else 1,
            text=text,
            digest=digest,
            created_at=now,
            created_by=by.user,
            created_by_key=by.api_key,
        )
        row.risk, row.owner = parsed.risk or "", parsed.owner or ""
        row.save(update_fields=["risk", "owner"])
        _judge_running(project, workflow, now)
    return version


def _judge_running(project: Project, workflow: str, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_JUDGE_RUNNING, [now, now, project.pk, workflow])
        if cursor.rowcount:
            bell.ring_judging()
