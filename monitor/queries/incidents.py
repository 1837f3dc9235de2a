"""Incidents as lists, by any of their names, and as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from monitor.models import Incident, Project
from monitor.queries.keyset import DEFAULT_LIMIT, Page, newest_first
from monitor.queries.wire import rfc3339

_KEY = re.compile(r"INC-([1-9][0-9]{0,8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What a list of incidents is narrowed to; an empty tuple narrows nothing, several values mean any of them.

    `text` is looked for in the title, the path and the key.
    """

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    workflow: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    leak_class: tuple[str, ...] = ()
    text: str = ""


def standing(project: Project) -> QuerySet[Incident]:
    """The project's incidents, without the withdrawn ones, which nobody is to see."""
    return Incident.objects.filter(project=project, withdrawn_at=None)


def filtered(project: Project, narrow: IncidentFilter) -> QuerySet[Incident]:
    """The incidents that the filter leaves, in no order."""
    rows = standing(project)
    for column in ("status", "severity", "workflow", "rule", "leak_class"):
        values = getattr(narrow, column)
        if values:
            rows = rows.filter(**{f"{column}__in": values})
    if narrow.text:
        found = Q(title__icontains=narrow.text) | Q(path__icontains=narrow.text)
        key = _KEY.fullmatch(narrow.text.strip())
        rows = rows.filter(found | Q(number=int(key[1]))) if key else rows.filter(found)
    return rows


def page(
    project: Project, narrow: IncidentFilter, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Incident]:
    """Incidents, latest detected first. Raises keyset.BadCursor."""
    rows = filtered(project, narrow).select_related("assignee", "project")
    return newest_first(rows, by="detected_at", cursor=cursor, limit=limit)


def find(project: Project, name: str | int | UUID) -> Incident | None:
    """The incident by its key (`INC-142`, in any case), its UUID, or its primary key as a number."""
    rows = standing(project).select_related("assignee", "project")
    if isinstance(name, int):
        return rows.filter(pk=name).first()
    if isinstance(name, str):
        key = _KEY.fullmatch(name)
        if key:
            return rows.filter(number=int(key[1])).first()
        try:
            name = UUID(name)
        except ValueError:
            return None
    return rows.filter(uuid=name).first()


def address(incident: Incident) -> str:
    """Where the incident's page is, as a whole URL; it names the project, since every project has an INC-1."""
    return f"{settings.BASE_URL}/incidents/{incident.key}/?project={incident.project.slug}"


def as_json(incident: Incident) -> dict[str, Any]:
    """An incident as the API and the webhook show it (INTERFACES.md); times as the model documents them."""
    assignee = incident.assignee
    return {
        "id": str(incident.uuid),
        "key": incident.key,
        "status": incident.status,
        "severity": incident.severity,
        "class": incident.leak_class,
        "rule": incident.rule,
        "workflow": incident.workflow,
        "path": incident.path,
        "title": incident.title,
        "fingerprint": incident.fingerprint,
        "occurred_at": rfc3339(incident.occurred_at),
        "last_occurred_at": rfc3339(incident.last_occurred_at),
        "detected_at": rfc3339(incident.detected_at),
        "last_detected_at": rfc3339(incident.last_detected_at),
        "acknowledged_at": rfc3339(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by or None,
        "mitigated_at": rfc3339(incident.mitigated_at),
        "resolved_at": rfc3339(incident.resolved_at),
        "resolved_by": incident.resolved_by or None,
        "reopened": incident.reopened,
        "anomalies": incident.anomaly_count,
        "runs": incident.run_count,
        "sessions": incident.session_count,
        "tenants": incident.tenant_count,
        "assignee": assignee.get_username() if assignee else None,
        "url": address(incident),
    }
