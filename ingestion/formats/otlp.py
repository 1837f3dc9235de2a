"""OTLP traces: a span that names a workflow run and carries a context becomes context events.

Which attributes mean what is in docs/formats.md. Source: OTLP 1.x, its protobuf and its JSON encoding
(ids in hex, enums as integers, unknown members passed over).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ingestion.formats.faults import EventError
from ingestion.formats.framing import Unreadable
from ingestion.formats.otlp_values import plain
from ingestion.formats.span_events import Draft, drafts_of

_IDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")


@dataclass(frozen=True, slots=True)
class SpanDrafts:
    """The context events of one span, of those that have any; `name` is the span's."""

    name: str
    drafts: tuple[Draft, ...]


def read_protobuf(body: bytes) -> list[SpanDrafts]:
    """The spans of an ExportTraceServiceRequest; raises Unreadable where it is none."""
    try:
        return _spans(ExportTraceServiceRequest.FromString(body))
    except DecodeError as error:
        raise Unreadable("no ExportTraceServiceRequest in protobuf") from error


def read_json(body: bytes) -> list[SpanDrafts]:
    """The same from its JSON encoding."""
    try:
        document = json.loads(body)
        for span in _json_spans(document):
            _hex_to_base64(span)
        return _spans(ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=True))
    except (ValueError, TypeError, AttributeError, RecursionError, ParseError) as error:
        raise Unreadable("no ExportTraceServiceRequest in OTLP's JSON") from error


def _json_spans(document: Any) -> Iterator[dict[str, Any]]:
    for resource in document.get("resourceSpans") or document.get("resource_spans") or ():
        for scope in resource.get("scopeSpans") or resource.get("scope_spans") or ():
            for span in scope.get("spans") or ():
                yield span
                yield from span.get("links") or ()


def _hex_to_base64(span: dict[str, Any]) -> None:
    """OTLP writes ids in hex, where protobuf's own JSON has base64."""
    for name in _IDS:
        if span.get(name):
            try:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
            except (binascii.Error, ValueError, TypeError) as error:
                raise Unreadable(f"{name} is no id in hex") from error


def _spans(request: ExportTraceServiceRequest) -> list[SpanDrafts]:
    found = []
    for resource in request.resource_spans:
        around = {one.key: plain(one.value) for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            found += [one for one in _drafted(scope.spans, around) if one.drafts]
    return found


def _drafted(spans: Iterable[Span], around: dict[str, Any]) -> Iterator[SpanDrafts]:
    for span in spans:
        try:
            yield SpanDrafts(span.name, tuple(drafts_of(span, around)))
        except EventError as error:
            yield SpanDrafts(span.name, (error,))
