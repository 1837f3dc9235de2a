"""`/api/v1/workflows/{workflow}/map`: context maps, in and out.

Workflow names may hold slashes. No two addresses here end alike, so none takes the other's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.params import Paging, cursors_checked
from ingestion.api.schemas import MapOut, MapVersionList
from ingestion.auth import KeyAuth, key_of
from ingestion.limits import body_of
from ingestion.problems import Problem
from monitor.detection.maps import MapError
from monitor.models import MapVersion
from monitor.queries import maps
from monitor.queries.wire import rfc3339
from monitor.services.actor import Actor
from monitor.services.maps import put_map

MAX_MAP_BYTES = 1024 * 1024
MAX_NAME_CHARS = 200
MAX_VERSION = 2**31 - 1
MAP_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/yaml": {"schema": {"type": "string"}}, "application/json": {}},
    }
}
_YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/plain")

router = Router(tags=["workflows"])


class Wanted(Schema):
    """Which version."""

    version: int | None = Field(None, ge=1, le=MAX_VERSION, description="from 1; without it the one in force")


@router.put(
    "/workflows/{path:workflow}/map",
    auth=KeyAuth("write"),
    response={200: MapOut},
    openapi_extra=MAP_BODY,
    summary="Put a context map in force",
)
def put(request: HttpRequest, workflow: str) -> HttpResponse:
    """A context map as YAML or JSON; it applies to events judged from now on.

    A map with a mistake is refused whole (422), each mistake with its line and key. The same text
    again changes nothing; any other is the next version.
    """
    key = key_of(request)
    check_name(workflow)
    text = map_text(request)
    with mistakes_shown():
        version = put_map(
            project=key.project, workflow=workflow, text=text, by=Actor.of_key(key), now=timezone.now()
        )
    return version_answer(workflow, version)


def check_name(workflow: str) -> None:
    """Raises a 422 Problem for a name that no workflow can have."""
    if len(workflow) > MAX_NAME_CHARS:
        raise Problem(422, f"A workflow's name has at most {MAX_NAME_CHARS} characters.")


def map_text(request: HttpRequest) -> str:
    """The body as the text of a map; raises a 400 or 413 Problem."""
    try:
        return body_of(request, max_bytes=MAX_MAP_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(400, "The map is not UTF-8: send it as UTF-8 text.") from error


@contextmanager
def mistakes_shown() -> Iterator[None]:
    """A map that is refused is a 422 Problem with each mistake's line and key."""
    try:
        yield
    except MapError as error:
        mistakes = [{"line": one.line, "key": one.key, "error": one.message} for one in error.errors]
        raise Problem(
            422, "The map was refused whole: correct what errors says, and put it again.", errors=mistakes
        ) from error


@router.get(
    "/workflows/{path:workflow}/map/versions",
    auth=KeyAuth("read"),
    response={200: MapVersionList},
    summary="The versions of a context map",
)
def versions(request: HttpRequest, workflow: str, wanted: Query[Paging]) -> HttpResponse:
    """All versions that were put, the latest first; `GET .../map?version=1` gives one with its text."""
    with cursors_checked():
        page = maps.versions_page(key_of(request).project, workflow, cursor=wanted.cursor, limit=wanted.limit)
    return answer(page.as_json(maps.version_as_json))


@router.get(
    "/workflows/{path:workflow}/map",
    auth=KeyAuth("read"),
    response={200: MapOut},
    summary="The context map in force, or an earlier version",
)
def get(request: HttpRequest, workflow: str, wanted: Query[Wanted]) -> HttpResponse:
    """The map as it was put, with its version; as bare text where YAML or plain text is asked for by `Accept`."""
    project = key_of(request).project
    if wanted.version is None:
        version = maps.version_in_force(project, workflow)
    else:
        version = maps.version_numbered(project, workflow, wanted.version)
    if version is None and wanted.version is not None:
        raise Problem(404, "This workflow's map has no such version: .../map/versions lists those there are.")
    if version is None:
        raise Problem(404, "This workflow has no context map: put one here.")
    media_type = request.get_preferred_type(["application/json", *_YAML_TYPES])
    if media_type in _YAML_TYPES:
        response = HttpResponse(version.text, content_type=f"{media_type}; charset=utf-8")
        response.headers["Crosstalk-Map-Version"] = str(version.number)
        return response
    return version_answer(workflow, version)


def version_answer(workflow: str, version: MapVersion) -> HttpResponse:
    """One version of a map, with its text."""
    created_at = rfc3339(version.created_at)
    body = {"workflow": workflow, "version": version.number, "created_at": created_at, "text": version.text}
    return answer(body)
