"""The context maps in force, and the versions before them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from monitor.detection.context_map import ContextMap
from monitor.detection.maps import parse_map
from monitor.models import MapVersion, Project
from monitor.queries.keyset import DEFAULT_LIMIT, Page, newest_first
from monitor.queries.wire import rfc3339

_KEPT_MAPS = 1000


def versions(project: Project, workflow: str) -> QuerySet[MapVersion]:
    """All versions of a workflow's map, the one in force first."""
    return MapVersion.objects.filter(workflow__project=project, workflow__name=workflow).order_by("-number")


def version_in_force(project: Project, workflow: str) -> MapVersion | None:
    """The map as it was sent, with its version number; None where the workflow has none."""
    return versions(project, workflow).first()


def version_numbered(project: Project, workflow: str, number: int) -> MapVersion | None:
    """One version of the map, in force or not."""
    return versions(project, workflow).filter(number=number).first()


def versions_page(
    project: Project, workflow: str, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[MapVersion]:
    """The versions of a workflow's map, the latest put first. Raises keyset.BadCursor."""
    rows = versions(project, workflow).select_related("created_by", "created_by_key")
    return newest_first(rows, by="created_at", cursor=cursor, limit=limit)


def version_as_json(version: MapVersion) -> dict[str, Any]:
    """A version as a list shows it, without its text; `created_by` is the person's or the key's name."""
    person, key = version.created_by, version.created_by_key
    by = person.get_full_name() or person.get_username() if person else f"key {key.name}" if key else None
    return {"version": version.number, "created_at": rfc3339(version.created_at), "created_by": by}


def map_in_force(project: Project, workflow: str) -> ContextMap | None:
    """The workflow's parsed map; parsed once a process for each text."""
    digest = versions(project, workflow).values_list("digest", flat=True).first()
    return None if digest is None else _parsed(bytes(digest))


def maps_of(project: Project) -> Mapping[str, ContextMap]:
    """The parsed map in force of each workflow that has one, by the workflow's name."""
    latest = (
        MapVersion.objects.filter(workflow__project=project)
        .order_by("workflow_id", "-number")
        .distinct("workflow_id")
        .values_list("workflow__name", "digest")
    )
    return {name: _parsed(bytes(digest)) for name, digest in latest}


@lru_cache(maxsize=_KEPT_MAPS)
def _parsed(digest: bytes) -> ContextMap:
    """A text with this SHA-256 is the same text in every project, so any copy of it will do."""
    text = MapVersion.objects.filter(digest=digest).values_list("text", flat=True)[:1].get()
    return parse_map(text)
