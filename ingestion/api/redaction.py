"""`/api/v1/redaction`: what is hashed or dropped at the door."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.schemas import RejectedEvent
from ingestion.auth import KeyAuth, key_of
from ingestion.formats.canonical import check_all
from ingestion.formats.framing import Unreadable, split_events
from ingestion.limits import body_of
from ingestion.problems import Problem
from ingestion.redacting import policy_of, redactor_of
from ingestion.redaction.policy import PolicyError, parse_policy, policy_as_json
from ingestion.redaction.telling import changed
from monitor.detection.event import Event
from monitor.detection.paths import render
from monitor.models import Project
from monitor.queries.wire import rfc3339
from monitor.services.actor import Actor
from monitor.services.redaction import put_policy

MAX_POLICY_BYTES = 256 * 1024
MAX_SAMPLE_BYTES = 4 * 1024 * 1024
POLICY_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}

router = Router(tags=["redaction"])


class RedactionRule(Schema):
    """What happens to what stands at a path, and below it."""

    path: str = Field(description="JSONPath (RFC 9535)")
    action: str = Field(description="keep, hash or drop")


class RedactionOut(Schema):
    """A project's redaction policy."""

    defaults: bool = Field(description="well-known secrets are hashed, by name and by pattern")
    identity: str = Field(
        description="keep or hash: the asserted identity, and members with a default identity name"
    )
    rules: list[RedactionRule]
    changed_at: str | None
    changed_by: str | None


class RedactedEvent(Schema):
    """Where one sample would be redacted."""

    event_id: str
    context: list[RedactionRule]
    fields: list[str] = Field(description="fields beside the context in which something would be hashed")


class RedactionDryRun(Schema):
    """What the policy in force would do to sample events."""

    events: list[RedactedEvent]
    rejected: list[RejectedEvent]


@router.get("/redaction", auth=KeyAuth("read"), response={200: RedactionOut}, summary="The redaction policy")
def get(request: HttpRequest) -> HttpResponse:
    """The policy in force; the defaults where none was ever put. The key of the hashes is never shown."""
    return answer(_shown(key_of(request).project))


@router.put(
    "/redaction", auth=KeyAuth("write"), response={200: RedactionOut}, openapi_extra=POLICY_BODY,
    summary="Put a redaction policy in force",
)  # fmt: skip
def put(request: HttpRequest) -> HttpResponse:
    """A policy; it applies to events that arrive from now on. One with a mistake is refused whole (422)."""
    key = key_of(request)
    try:
        policy = parse_policy(_json(body_of(request, max_bytes=MAX_POLICY_BYTES)))
    except PolicyError as error:
        raise Problem(
            422, "The policy was refused whole: correct what errors says, and put it again.", errors=error.mistakes
        ) from error
    put_policy(project=key.project, policy=policy_as_json(policy), by=Actor.of_key(key), now=timezone.now())
    return answer(_shown(key.project))


@router.post(
    "/redaction/dry-run", auth=KeyAuth("read"), response={200: RedactionDryRun}, openapi_extra=POLICY_BODY,
    summary="What would be redacted",
)  # fmt: skip
def dry_run(request: HttpRequest) -> HttpResponse:
    """Says of sample events, sent as to `POST /events`, at which paths something would be hashed or dropped.

    Nothing is stored, and no value is shown.
    """
    project = key_of(request).project
    try:
        events, bad = check_all(split_events(body_of(request, max_bytes=MAX_SAMPLE_BYTES), "json"))
    except Unreadable as error:
        raise Problem(400, f"The body cannot be read: {error}.") from error
    return answer({"events": [_told(project, one) for one in events], "rejected": bad})


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "The policy is no JSON: send an object with defaults, identity and rules.") from error


def _shown(project: Project) -> dict[str, Any]:
    return {
        **policy_as_json(policy_of(project)),
        "changed_at": rfc3339(project.redaction_changed_at),
        "changed_by": project.redaction_changed_by or None,
    }


def _told(project: Project, event: Event) -> dict[str, Any]:
    after = redactor_of(project).redacted(event)
    changes = [
        {"path": render(location), "action": action} for location, action in changed(event.context, after.context)
    ]
    names = ("execution_id", "session", "tenant", "attributes", "accesses")
    beside = [name for name in names if getattr(after, name) != getattr(event, name)]
    return {"event_id": event.event_id, "context": changes, "fields": beside}
