"""POST /v1/traces: OTLP/HTTP as its senders see it, the OpenTelemetry SDK's own exporter among them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status as RpcStatus
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from ingestion.models import Refusal
from monitor.models import Event
from monitor.queries.events import unpack
from tests.factories import make_api_key, make_project
from tests.ingestion.caller import Caller

URL = "/v1/traces"
PROTOBUF = "application/x-protobuf"
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
NANOS = int(START.timestamp()) * 1_000_000_000
TRACE, SPAN = bytes(range(16)), bytes(range(1, 9))


def value(plain: Any) -> AnyValue:
    match plain:
        case bool():
            return AnyValue(bool_value=plain)
        case int():
            return AnyValue(int_value=plain)
        case float():
            return AnyValue(double_value=plain)
        case str():
            return AnyValue(string_value=plain)
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(plain)))
        case list():
            return AnyValue(array_value=ArrayValue(values=[value(one) for one in plain]))
    return AnyValue()


def pairs(plain: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=value(one)) for name, one in plain.items()]


def span(name: str = "LoadCart", *, events: Any = (), status: int = 0, ids: bool = True, **said: Any) -> Span:
    named = {"workflow.name": "checkout", "workflow.run_id": "r-1"}
    named |= {key.replace("__", "."): one for key, one in said.items()}
    found = Span(
        name=name,
        start_time_unix_nano=NANOS,
        end_time_unix_nano=NANOS + 2_000_001_999,
        attributes=pairs({key: one for key, one in named.items() if one is not None}),
        status=Status(code=status),
    )
    if ids:
        found.trace_id, found.span_id = TRACE, SPAN
    for at, attributes in events:
        found.events.add(name="context", time_unix_nano=NANOS + at, attributes=pairs(attributes))
    return found


def request(*spans: Span, **resource: Any) -> ExportTraceServiceRequest:
    whole = ExportTraceServiceRequest()
    around = whole.resource_spans.add()
    around.resource.attributes.extend(pairs({key.replace("__", "."): one for key, one in resource.items()}))
    around.scope_spans.add().spans.extend(spans)
    return whole


def send(caller: Caller, body: bytes, kind: str = PROTOBUF, **headers: str):
    named = {name.replace("_", "-"): one for name, one in headers.items()}
    return Client().post(URL, body, content_type=kind, headers={**caller.headers, **named})


def taken(answer: Any) -> ExportTraceServiceResponse:
    assert (answer.status_code, answer["Content-Type"]) == (200, PROTOBUF), answer.content
    return ExportTraceServiceResponse.FromString(answer.content)


def stored() -> list[dict[str, Any]]:
    return [unpack(one.body) for one in Event.objects.order_by("occurred_at", "event_id")]


def as_otlp_json(whole: ExportTraceServiceRequest) -> bytes:
    """OTLP's JSON: ids in hex."""
    document = MessageToDict(whole, use_integers_for_enums=True)
    for around in document["resourceSpans"]:
        for scope in around["scopeSpans"]:
            for one in scope["spans"]:
                one |= {"traceId": TRACE.hex(), "spanId": SPAN.hex(), "futureMember": 1}
    return json.dumps(document).encode()


def test_a_span_becomes_its_enter_and_its_exit(caller: Caller) -> None:
    one = span(
        context__enter='{"session_id": "s-1", "n": 1.50}',
        context__exit={"session_id": "s-1", "cart": {"items": [1, 2.5, True, None]}},
        workflow__session="s-1", workflow__tenant="t-1", workflow__execution_id="x-1", workflow__attempt=2,
        workflow__sequence=7, workflow__branch="b", workflow__final=True, workflow__parent_run_id="r-0",
        workflow__accesses='[{"store": "redis", "op": "read", "key": "cart:1"}]', workflow__canary="token-1",
        thread__name="t-9",
    )  # fmt: skip
    assert taken(send(caller, request(one, service__name="shop", service__version="1.2").SerializeToString())) == (
        ExportTraceServiceResponse()
    )
    enter, leave = stored()
    both = {
        "workflow": "checkout", "run_id": "r-1", "step": "LoadCart", "session": "s-1", "tenant": "t-1",
        "execution_id": "x-1", "attempt": 2, "sequence": 7, "branch": "b", "final": True, "parent_run_id": "r-0",
        "accesses": [{"store": "redis", "op": "read", "key": "cart:1", "ttl_seconds": None}],
        "attributes": {
            "service": "shop", "release": "1.2", "thread": "t-9", "canary": "token-1", "trace_id": TRACE.hex(),
            "span_id": SPAN.hex(),
        },
    }  # fmt: skip
    assert enter == {
        **both, "phase": "enter", "occurred_at": "2026-11-20T10:00:00Z",
        "context": {"session_id": "s-1", "n": 1.5},
        "event_id": f"{TRACE.hex()}-{SPAN.hex()}-enter",
    }  # fmt: skip
    assert leave == {
        **both, "phase": "exit", "occurred_at": "2026-11-20T10:00:02.000001Z",
        "context": {"session_id": "s-1", "cart": {"items": [1, 2.5, True, None]}},
        "event_id": f"{TRACE.hex()}-{SPAN.hex()}-context.exit",
    }  # fmt: skip


def test_an_export_that_is_repeated_counts_once_in_either_encoding(caller: Caller) -> None:
    whole = request(span(context={"n": 1}, status=Status.STATUS_CODE_ERROR))
    taken(send(caller, whole.SerializeToString()))
    taken(send(caller, gzip.compress(whole.SerializeToString()), content_encoding="gzip"))
    answer = send(caller, as_otlp_json(whole), "application/json")
    assert (answer.status_code, answer["Content-Type"], answer.json()) == (200, "application/json", {})
    [one] = stored()
    assert (one["status"], one["phase"]) == ("error", "exit")


def test_span_events_are_snapshots_at_their_own_time(caller: Caller) -> None:
    events = [
        (1_000_000, {"context": {"n": 1}, "phase": "enter"}),
        (2_000_000, {"message": "no context"}),
        (3_000_000, {"context": '{"n": 2}', "workflow.sequence": 3}),
    ]
    taken(send(caller, request(span("Pay", workflow__step="Charge", events=events)).SerializeToString()))
    found = [(one["step"], one["phase"], one["context"], one.get("sequence")) for one in stored()]
    assert found == [("Charge", "enter", {"n": 1}, None), ("Charge", "exit", {"n": 2}, 3)]


def test_other_spans_are_passed_over(caller: Caller) -> None:
    spans = (
        span(workflow__name=None, context={"n": 1}),
        span(workflow__run_id=None, context={"n": 1}),
        span(),
    )
    assert taken(send(caller, request(*spans).SerializeToString())) == ExportTraceServiceResponse()
    assert taken(send(caller, request(service__name="shop").SerializeToString())) == ExportTraceServiceResponse()
    assert not Event.objects.exists()


def test_a_bad_span_is_named_and_costs_no_neighbour(caller: Caller) -> None:
    spans = (
        span("Good", context={"n": 1}),
        span("Bad", context="[1]", context__enter='{"n": 1}', ids=False),
        span("Worse", workflow__attempt="second", context={"n": 1}, ids=False),
    )
    partial = taken(send(caller, request(*spans).SerializeToString())).partial_success
    assert partial.rejected_spans == 2
    assert "'Bad': context: no JSON object" in partial.error_message
    assert "'Worse': attempt" in partial.error_message
    assert len(stored()) == 2
    assert sum(Refusal.objects.values_list("events", flat=True)) == 2
    told = send(caller, as_otlp_json(request(spans[1])), "application/json").json()
    assert told["partialSuccess"]["rejectedSpans"] == "1"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"\xff\xff", PROTOBUF, 400, 3),
        (b"{", "application/json", 400, 3),
        (b"[]", "application/json", 400, 3),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', "application/json", 400, 3),
        (b"{}", "text/plain", 415, 3),
    ],
)
def test_an_error_is_a_status_message(caller: Caller, body: bytes, kind: str, status: int, code: int) -> None:
    answer = send(caller, body, kind)
    assert answer.status_code == status
    if kind == "application/json":
        assert answer.json()["code"] == code
        assert answer.json()["message"]
    else:
        assert RpcStatus.FromString(answer.content).code == code


def test_who_has_no_key_is_told_so(caller: Caller) -> None:
    answer = Client().post(URL, b"", content_type=PROTOBUF)
    assert (answer.status_code, RpcStatus.FromString(answer.content).code) == (401, 16)
    reader = Caller(make_project(), "read")
    assert RpcStatus.FromString(send(reader, b"").content).code == 7
    assert Client().get(URL, headers=caller.headers).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_the_sdks_own_exporter_sends_to_us(live_server) -> None:
    project = make_project()
    _, token = make_api_key(project=project)
    exporter = OTLPSpanExporter(
        endpoint=f"{live_server.url}/v1/traces", headers={"Authorization": f"Bearer {token}"}
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("checkout")
    with tracer.start_as_current_span("LoadCart") as current:
        current.set_attribute("workflow.name", "checkout")
        current.set_attribute("workflow.run_id", "r-1")
        current.set_attribute("workflow.session", "s-1")
        current.set_attribute("context.enter", json.dumps({"session_id": "s-1"}))
        current.set_attribute("context.exit", json.dumps({"session_id": "s-1", "cart": {"items": [1]}}))
    provider.shutdown()
    enter, leave = stored()
    assert (enter["phase"], enter["step"], enter["context"]) == ("enter", "LoadCart", {"session_id": "s-1"})
    assert (leave["phase"], leave["context"]["cart"]) == ("exit", {"items": [1]})
    assert leave["attributes"]["service"] == "shop"
    assert datetime.fromisoformat(leave["occurred_at"]) - datetime.fromisoformat(enter["occurred_at"]) < timedelta(
        minutes=1
    )
