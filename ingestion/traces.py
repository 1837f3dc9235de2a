"""`POST /v1/traces`: OTLP/HTTP. Source: OTLP specification, "OTLP/HTTP" (responses, partial success, failures)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ingestion.auth import KeyAuth
from ingestion.door import Drafts, admitted, take
from ingestion.formats.canonical import Rejected
from ingestion.formats.otlp import SpanDrafts, read_json, read_protobuf
from ingestion.problems import Problem, unavailable

PROTOBUF, JSON = "application/x-protobuf", "application/json"
READERS: dict[str, Callable[[bytes], list[SpanDrafts]]] = {PROTOBUF: read_protobuf, JSON: read_json}
MAX_TOLD = 5
"""Rejected events that the answer spells out."""
_CODES = {
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    405: Code.UNIMPLEMENTED,
    429: Code.RESOURCE_EXHAUSTED,
    503: Code.UNAVAILABLE,
}


@csrf_exempt  # senders have keys, not cookies
def post_traces(request: HttpRequest) -> HttpResponse:
    """Context events out of spans; durable once it answers. Other spans are passed over.

    Errors are google.rpc.Status messages in the encoding of the request.
    """
    try:
        if request.method != "POST":
            raise Problem(405, "Send spans with POST.", headers={"Allow": "POST"})
        return _take(request)
    except Problem as problem:
        return _refused(request, problem)
    except (OperationalError, InterfaceError):
        return _refused(request, unavailable("The database"))


def _take(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    key = KeyAuth("ingest")(request)
    spans: list[SpanDrafts] = []

    def read(body: bytes) -> Drafts:
        spans.extend(_reader(request)(body))
        return [draft for span in spans for draft in span.drafts]

    def reader(_: HttpRequest) -> Callable[[bytes], Drafts]:
        _reader(request)
        return read

    taken = take(admitted(request, key=key, now=now, reader=reader), key=key, now=now)
    answer = ExportTraceServiceResponse()
    if taken.rejected:
        owners = [place for place, span in enumerate(spans) for _ in span.drafts]
        answer.partial_success.rejected_spans = len({owners[one.index] for one in taken.rejected})
        answer.partial_success.error_message = _told(taken.rejected, [spans[place].name for place in owners])
    return _encoded(request, answer, status=200)


def _reader(request: HttpRequest) -> Callable[[bytes], list[SpanDrafts]]:
    reader = READERS.get((request.content_type or "").lower())
    if reader is None:
        raise Problem(
            415, f"Send Content-Type: {' or '.join(READERS)}.", headers={"Accept-Post": ", ".join(READERS)}
        )
    return reader


def _told(rejected: Sequence[Rejected], names: Sequence[str]) -> str:
    told = [f"span {names[one.index]!r}: {one.field or 'event'}: {one.error}" for one in rejected[:MAX_TOLD]]
    more = len(rejected) - MAX_TOLD
    return "; ".join([*told, f"and {more} more"] if more > 0 else told)


def _refused(request: HttpRequest, problem: Problem) -> HttpResponse:
    code = _CODES.get(problem.status, Code.INVALID_ARGUMENT)
    response = _encoded(request, Status(code=code, message=problem.detail), status=problem.status)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def _encoded(request: HttpRequest, message: Message, *, status: int) -> HttpResponse:
    """In the encoding of the request; protobuf where that is neither."""
    if (request.content_type or "").lower() == JSON:
        return HttpResponse(MessageToJson(message, indent=None), status=status, content_type=JSON)
    return HttpResponse(message.SerializeToString(), status=status, content_type=PROTOBUF)
