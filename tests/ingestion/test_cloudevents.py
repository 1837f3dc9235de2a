"""CloudEvents 1.0: structured, in batches, and in binary mode."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from django.test import Client

from ingestion.models import Refusal
from monitor.models import Event
from monitor.queries.events import unpack
from tests.factories import event_dict
from tests.ingestion.caller import Caller, is_problem

SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def enveloped(data: Any, **attributes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "/shop", "type": "context", "data": data, **attributes}


def send(caller: Caller, body: Any, kind: str, **headers: str):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post("/api/v1/events", data, content_type=kind, headers={**caller.headers, **named})


def stored() -> list[dict[str, Any]]:
    return [unpack(one.body) for one in Event.objects.order_by("event_id")]


def test_the_event_in_data_is_stored_as_if_it_had_been_sent_alone(caller: Caller) -> None:
    event = event_dict()
    assert send(caller, event, "application/json").json()["accepted"] == 1
    alone = stored()
    for answer in (
        send(caller, enveloped(event), SINGLE),
        send(caller, enveloped(event, datacontenttype="application/json; charset=utf-8", shopid="7"), SINGLE),
        send(caller, [enveloped(event)], BATCH),
        send(caller, {**enveloped(None), "data": event}, f"{SINGLE}; charset=utf-8"),
        send(caller, gzip.compress(json.dumps(enveloped(event)).encode()), SINGLE, content_encoding="gzip"),
        send(caller, event, "application/json", ce_specversion="1.0", ce_id="1", ce_source="/s", ce_type="t"),
    ):
        assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "duplicates": 1, "rejected": []})
    assert stored() == alone


def test_data_may_be_base64(caller: Caller) -> None:
    event = enveloped(None)
    del event["data"]
    event["data_base64"] = base64.b64encode(json.dumps(event_dict()).encode()).decode()
    assert send(caller, event, SINGLE).json()["accepted"] == 1
    both = send(caller, {**event, "data": {}}, SINGLE).json()["rejected"]
    assert both == [
        {"index": 0, "event_id": None, "field": "data_base64", "error": "stands beside data: send one of them"}
    ]


def test_what_the_event_leaves_out_its_envelope_says(caller: Caller) -> None:
    event = event_dict()
    del event["event_id"], event["occurred_at"]
    first = enveloped(event, time="2026-11-20T10:00:00Z")
    assert send(caller, first, SINGLE).json()["accepted"] == 1
    assert send(caller, first, SINGLE).json()["duplicates"] == 1
    assert send(caller, {**first, "id": "2"}, SINGLE).json()["accepted"] == 1, "another event by CloudEvents"
    assert {one["occurred_at"] for one in stored()} == {"2026-11-20T10:00:00Z"}
    assert all(one["event_id"].startswith("ce-") for one in stored())
    binary = send(
        caller, event, "application/json",
        ce_specversion="1.0", ce_id="3", ce_source="/caf%C3%A9", ce_type="t", ce_time="2026-11-20T10:00:01Z",
    )  # fmt: skip
    assert binary.json()["accepted"] == 1


def test_an_empty_event_in_data_is_told_what_it_lacks(caller: Caller) -> None:
    [fault] = send(caller, enveloped({}), SINGLE).json()["rejected"]
    assert fault["field"] == "occurred_at" or fault["field"] == "workflow"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"id": ""}, "id"),
        ({"source": 7}, "source"),
        ({"type": None}, "type"),
        ({"datacontenttype": "application/xml"}, "datacontenttype"),
        ({"data": "text"}, "data"),
        ({"data": [1]}, "data"),
        ({"data": {"phase": "both"}}, None),
    ],
)
def test_a_bad_envelope_is_named_and_costs_no_neighbour(caller: Caller, change: Any, field: str | None) -> None:
    bad = enveloped(event_dict()) | change
    answer = send(caller, [enveloped(event_dict()), bad, enveloped(event_dict())], BATCH).json()
    assert answer["accepted"] == 2
    [fault] = answer["rejected"]
    assert fault["index"] == 1
    assert fault["error"]
    assert field is None or fault["field"] == field
    assert Refusal.objects.count() == 1


def test_what_is_no_envelope_at_all_is_one_rejected_event(caller: Caller) -> None:
    answer = send(caller, b'[{"specversion": "1.0"}, 7, {"id": nope}]', BATCH)
    assert [one["index"] for one in answer.json()["rejected"]] == [0, 1, 2]


def test_a_batch_and_a_single_event_are_told_apart(caller: Caller) -> None:
    assert BATCH in is_problem(send(caller, [enveloped(event_dict())], SINGLE), 400)["detail"]
    assert SINGLE in is_problem(send(caller, enveloped(event_dict()), BATCH), 400)["detail"]
    is_problem(send(caller, b"not json", SINGLE), 400)


def test_binary_mode_names_a_missing_attribute(caller: Caller) -> None:
    [fault] = send(caller, event_dict(), "application/json", ce_specversion="1.0", ce_id="1").json()["rejected"]
    assert fault["field"] == "source"
    [fault] = send(
        caller, [event_dict()], "application/json", ce_specversion="1.0", ce_id="1", ce_source="s", ce_type="t"
    ).json()["rejected"]
    assert fault["field"] == "data"
