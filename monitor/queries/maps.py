"""The context maps in force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.db.models import QuerySet

from monitor.detection.context_map import ContextMap
from monitor.detection.maps import parse_map
from monitor.models import MapVersion, Project

_KEPT_MAPS = 1000


def versions(project: Project, workflow: str) -> QuerySet[MapVersion]:
    """All versions of a workflow's map, the one in force first."""
    return MapVersion.objects.filter(workflow__project=project, workflow__name=workflow).order_by("-number")


def version_in_force(project: Project, workflow: str) -> MapVersion | None:
    """The map as it was sent, with its version number; None where the workflow has none."""
    return versions(project, workflow).first()


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
