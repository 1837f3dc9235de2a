"""`/api/v1/workflows/{workflow}/map`: context maps, in and out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from ingestion.api.answers import answer
from ingestion.api.schemas import MapOut
from ingestion.auth import KeyAuth, key_of
from ingestion.limits import body_of
from ingestion.problems import Problem
from monitor.detection.maps import MapError
from monitor.models import MapVersion
from monitor.queries.maps import version_in_force
from monitor.queries.wire import rfc3339
from monitor.services.actor import Actor
from monitor.services.maps import put_map

MAX_MAP_BYTES = 1024 * 1024
MAX_NAME_CHARS = 200
_YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/plain")
_TEXT = {"schema": {"type": "string"}}
_BODY = {"requestBody": {"required": True, "content": {"application/yaml": _TEXT, "application/json": {}}}}

router = Router(tags=["workflows"])


@router.put(
    "/workflows/{path:workflow}/map",
    auth=KeyAuth("write"),
    response={200: MapOut},
    openapi_extra=_BODY,
    summary="Put a context map in force",
)
def put(request: HttpRequest, workflow: str) -> HttpResponse:
    """A context map as YAML or JSON; it applies to events judged from now on.

    A map with a mistake is refused whole (422), each mistake with its line and key. The same text
    again changes nothing; any other is the next version.
    """
    key = key_of(request)
    if len(workflow) > MAX_NAME_CHARS:
        raise Problem(422, f"A workflow's name has at most {MAX_NAME_CHARS} characters.")
    text = _text(request)
    try:
        version = put_map(
            project=key.project, workflow=workflow, text=text, by=Actor.of_key(key), now=timezone.now()
        )
    except MapError as error:
        mistakes = [{"line": one.line, "key": one.key, "error": one.message} for one in error.errors]
        raise Problem(
            422, "The map was refused whole: correct what errors says, and put it again.", errors=mistakes
        ) from error
    return _answer(workflow, version)


def _text(request: HttpRequest) -> str:
    try:
        return body_of(request, max_bytes=MAX_MAP_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(400, "The map is not UTF-8: send it as UTF-8 text.") from error


@router.get(
    "/workflows/{path:workflow}/map",
    auth=KeyAuth("read"),
    response={200: MapOut},
    summary="The context map in force",
)
def get(request: HttpRequest, workflow: str) -> HttpResponse:
    """The map as it was put, with its version; as bare text where YAML or plain text is asked for by `Accept`."""
    version = version_in_force(key_of(request).project, workflow)
    if version is None:
        raise Problem(404, "This workflow has no context map: put one here.")
    wanted = request.get_preferred_type(["application/json", *_YAML_TYPES])
    if wanted in _YAML_TYPES:
        response = HttpResponse(version.text, content_type=f"{wanted}; charset=utf-8")
        response.headers["Crosstalk-Map-Version"] = str(version.number)
        return response
    return _answer(workflow, version)


def _answer(workflow: str, version: MapVersion) -> HttpResponse:
    created_at = rfc3339(version.created_at)
    body = {"workflow": workflow, "version": version.number, "created_at": created_at, "text": version.text}
    return answer(body)
