"""`POST /api/v1/events`: context events in, 202 once they are durable."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from ingestion import tally
from ingestion.api.answers import answer
from ingestion.api.schemas import AcceptedEvents
from ingestion.auth import KeyAuth, key_of
from ingestion.formats.canonical import Rejected, WireEvent, check_all
from ingestion.formats.framing import Framing, Unreadable, split_events
from ingestion.inbox import Accepted, accept
from ingestion.limits import body_of, check_batch, check_open, note_refused, reason_of, spend
from ingestion.problems import Problem
from monitor.models import ApiKey

FRAMINGS: dict[str, Framing] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
}
_REASONS = {400: "unreadable body", 413: "too large", 415: "media type", 429: "rate limit"}


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
    """One context event, an array of them, or one a line; gzip or zstd if you like.

    The answer comes once every accepted event is durable. A bad event never costs its neighbours,
    and a batch sent again never counts twice. docs/formats.md says everything.
    """
    key = key_of(request)
    now = timezone.now()
    good, bad = check_all(_admitted(request, key, now))
    stored = accept(project=key.project, events=good, now=now)
    tally.count(key.project, accepted=stored.accepted, duplicates=stored.duplicates)
    note_refused(key=key, reasons=Counter(reason_of(one.field) for one in bad), now=now)
    return _answer(stored, bad)


def _admitted(request: HttpRequest, key: ApiKey, now: datetime) -> list[bytes]:
    """The JSON text of each event, once all limits are passed; what is refused here is counted."""
    lost = 1
    try:
        check_open(key=key, now=now)
        framing = _framing(request)
        raws = _split(body_of(request, max_bytes=settings.MAX_BODY_BYTES), framing)
        lost = max(1, len(raws))
        check_batch(len(raws))
        spend(key=key, events=len(raws), now=now)
    except Problem as problem:
        note_refused(key=key, reasons={_REASONS[problem.status]: lost}, now=now)
        raise
    return raws


def _framing(request: HttpRequest) -> Framing:
    framing = FRAMINGS.get((request.content_type or "").lower())
    if framing is None:
        types = "application/json or application/x-ndjson"
        raise Problem(
            415, f"Send Content-Type: {types}, as the body is.", headers={"Accept-Post": ", ".join(FRAMINGS)}
        )
    return framing


def _split(body: bytes, framing: Framing) -> list[bytes]:
    try:
        return split_events(body, framing)
    except Unreadable as error:
        raise Problem(400, f"The body cannot be read: {error}.") from error


def _answer(stored: Accepted, bad: list[Rejected]) -> HttpResponse:
    body = {"accepted": stored.accepted, "duplicates": stored.duplicates, "rejected": bad}
    return answer(body, status=202)
