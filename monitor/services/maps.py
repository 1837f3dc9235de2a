"""Context maps: checked, stored by version, and put in force."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import connection, transaction

from monitor.detection.maps import MapError, MapProblem, parse_map
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


def put_map(*, project: Project, workflow: str, text: str, by: Actor, now: datetime) -> MapVersion:
    """Puts a map in force for events judged from now on; the same text again makes no new version.

    Runs that have not ended are judged again with it, ended ones are left as they were judged. The
    workflow takes its `risk` and `owner` from the map. Raises detection.maps.MapError, also where
    the map is of another workflow. Source: MAPS.md.
    """
    parsed = parse_map(text)
    if parsed.workflow != workflow:
        problem = MapProblem(None, "workflow", f'must be "{workflow}", the workflow that it is put for')
        raise MapError((problem,))
    if "\0" in text or "\0" in (parsed.owner or ""):
        raise MapError((MapProblem(None, "$", "holds a NUL character: remove it"),))
    digest = hashlib.sha256(text.encode()).digest()
    with transaction.atomic():
        row, _ = Workflow.objects.get_or_create(project=project, name=workflow, defaults={"first_seen_at": now})
        row = Workflow.objects.select_for_update(no_key=True).get(pk=row.pk)
        latest = version_in_force(project, workflow)
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
