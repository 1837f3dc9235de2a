"""What a span says in the words of a context event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ingestion.formats.faults import EventError
from ingestion.formats.otlp_values import plain

Draft = bytes | EventError

WORKFLOW, RUN_ID, STEP = "workflow.name", "workflow.run_id", "workflow.step"
CONTEXT, ON_ENTER, ON_EXIT = "context", "context.enter", "context.exit"
TEXTS = ("parent_run_id", "parent_step", "branch", "execution_id", "session", "tenant")
NUMBERS = ("sequence", "attempt")
FLAGS = ("final", "partial")
LABELS = {
    "service": "service.name",
    "release": "service.version",
    "region": "cloud.region",
    "worker": "service.instance.id",
    "thread": "thread.name",
    "canary": "workflow.canary",
}
"""Labels of the event by the attributes that they come from."""
MAX_LABEL_CHARS = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def drafts_of(span: Span, around: Mapping[str, Any]) -> Iterator[Draft]:
    """The context events of a span, none where it names no workflow run or carries no context.

    `around` are the attributes of its resource. What the span says of an event is not checked here.
    """
    said = {**around, **{one.key: plain(one.value) for one in span.attributes}}
    if not said.get(WORKFLOW) or not said.get(RUN_ID):
        return
    if ON_ENTER in said:
        yield _draft(span, said, said[ON_ENTER], phase="enter", at_nanos=span.start_time_unix_nano, place="enter")
    for number, event in enumerate(span.events):
        mine = {one.key: plain(one.value) for one in event.attributes}
        if CONTEXT in mine:
            phase, at_nanos, place = mine.get("phase", "exit"), event.time_unix_nano, f"event-{number}"
            yield _draft(span, {**said, **mine}, mine[CONTEXT], phase=phase, at_nanos=at_nanos, place=place)
    for name in (CONTEXT, ON_EXIT):
        if name in said:
            yield _draft(span, said, said[name], at_nanos=span.end_time_unix_nano, place=name)


def _draft(
    span: Span, said: Mapping[str, Any], context: Any, *, phase: Any = "exit", at_nanos: int, place: str
) -> Draft:
    wire: dict[str, Any] = {
        "occurred_at": (_EPOCH + timedelta(microseconds=at_nanos // 1000)).isoformat(),
        "workflow": said[WORKFLOW],
        "run_id": said[RUN_ID],
        "step": said.get(STEP) or span.name,
        "phase": phase,
        "attributes": _labels(span, said),
    }
    if any(span.trace_id) and any(span.span_id):
        wire["event_id"] = f"{span.trace_id.hex()}-{span.span_id.hex()}-{place}"
    for name in (*TEXTS, *NUMBERS, *FLAGS):
        if (value := said.get(f"workflow.{name}")) is not None:
            wire[name] = value
    if phase == "exit" and span.status.code == Status.STATUS_CODE_ERROR:
        wire["status"] = "error"
    try:
        if "workflow.accesses" in said:
            wire["accesses"] = _json(said["workflow.accesses"], "accesses", list)
        return msgspec.json.encode({**wire, "context": _json(context, "context", dict)})
    except EventError as error:
        return error
    except (ValueError, RecursionError):
        return EventError("", "a text is no Unicode, or too deep: send it as UTF-8, in at most 64 levels")


def _json(value: Any, field: str, kind: type) -> Any:
    """A value as an attribute carries it: as JSON text, which is passed on as it is, or as a structure."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        try:
            if isinstance(json.loads(value), kind):
                return msgspec.Raw(value.encode())
        except (ValueError, RecursionError):
            pass
    what = "object" if kind is dict else "list"
    raise EventError(field, f"no JSON {what}: send it as JSON text, or as a structured attribute")


def _labels(span: Span, said: Mapping[str, Any]) -> dict[str, str]:
    labels = {name: str(said[source])[:MAX_LABEL_CHARS] for name, source in LABELS.items() if source in said}
    if any(span.trace_id):
        labels |= {"trace_id": span.trace_id.hex(), "span_id": span.span_id.hex()}
    return labels
