"""`POST /api/v1/events`: context events in, 202 once they are durable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from ingestion.api.answers import answer
from ingestion.api.schemas import AcceptedEvents
from ingestion.auth import KeyAuth, key_of
from ingestion.door import Drafts, admitted, take
from ingestion.formats import cloudevents
from ingestion.formats.canonical import WireEvent
from ingestion.formats.framing import split_events
from ingestion.problems import Problem

READERS: dict[str, Callable[[bytes], Drafts]] = {
    "application/json": partial(split_events, framing="json"),
    "application/x-ndjson": partial(split_events, framing="ndjson"),
    "application/ndjson": partial(split_events, framing="ndjson"),
    "application/jsonl": partial(split_events, framing="ndjson"),
    cloudevents.STRUCTURED: cloudevents.unwrap_structured,
    cloudevents.BATCH: cloudevents.unwrap_batch,
}


def _body_schema() -> dict[str, Any]:
    (_, parts) = msgspec.json.schema_components([WireEvent], ref_template="#/components/schemas/{name}")
    event = parts["WireEvent"]
    event["properties"]["accesses"]["items"] = parts["WireAccess"]
    event["properties"]["occurred_at"]["format"] = "date-time"
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [event, {"type": "array", "items": event}]}},
                "application/x-ndjson": {"schema": {"type": "string", "description": "one event a line"}},
                cloudevents.STRUCTURED: {"schema": {"type": "object", "description": "a CloudEvent 1.0"}},
                cloudevents.BATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        }
    }


router = Router(tags=["events"])


@router.post(
    "/events",
    auth=KeyAuth("ingest"),
    response={202: AcceptedEvents},
    openapi_extra=_body_schema(),
    summary="Send context events",
)
def post_events(request: HttpRequest) -> HttpResponse:
    """One context event, an array of them, one a line, or CloudEvents; gzip or zstd if you like.

    The answer comes once every accepted event is durable. A bad event never costs its neighbours,
    and a batch sent again never counts twice. docs/formats.md says everything.
    """
    key, now = key_of(request), timezone.now()
    taken = take(admitted(request, key=key, now=now, reader=_reader), key=key, now=now)
    body = {
        "accepted": taken.stored.accepted,
        "duplicates": taken.stored.duplicates,
        "rejected": taken.rejected,
    }
    return answer(body, status=202)


def _reader(request: HttpRequest) -> Callable[[bytes], Drafts]:
    """How a body of this media type is read."""
    kind = (request.content_type or "").lower()
    if kind == "application/json" and cloudevents.BINARY_HEADER in request.headers:
        return partial(cloudevents.unwrap_binary, headers=request.headers)
    reader = READERS.get(kind)
    if reader is None:
        raise Problem(
            415, f"Send Content-Type: {' or '.join(READERS)}, as the body is.",
            headers={"Accept-Post": ", ".join(READERS)},
        )  # fmt: skip
    return reader
