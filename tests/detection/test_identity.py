"""Whose context it is: own identity, and the places that say so. Source: EVENTS.md."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.event import Event
from monitor.detection.identity import Identity, Kin
from monitor.detection.paths import render
from monitor.detection.runs import Run, runs_behind
from tests.detection.samples import event, maps_of

MAP = "version: 1\nworkflow: checkout\nidentity:\n"


def only_run(*events: Event, map_text: str | None = None) -> Run:
    """The run of the events."""
    maps = maps_of([map_text] if map_text else [])
    (run,) = runs_behind(events, context_map=None, kin=Kin(), maps=maps)
    return run


def own(*events: Event, map_text: str | None = None) -> Identity:
    """The run's own identity."""
    return only_run(*events, map_text=map_text).own


def test_what_the_earliest_event_asserts_comes_first() -> None:
    events = [
        event("A.enter", {"session_id": "s-context"}, at=1),
        event("A.exit", {}, at=2, session="s-2"),
        event("B.exit", {}, at=3, session="s-2"),
    ]
    assert own(*events).session == "s-2"


def test_the_map_s_path_comes_before_the_known_names() -> None:
    events = [
        event("A.enter", {"session_id": "s-name"}, at=1),
        event("A.exit", {"session_id": "s-name", "who": {"sid": "s-path"}}, at=2),
    ]
    assert own(*events).session == "s-name"
    assert own(*events, map_text=MAP + "  session: [$.who.sid]\n").session == "s-path"


def test_the_smallest_depth_and_then_document_order_decide() -> None:
    context = {"z": {"session_key": "s-deep"}, "session_key": "s-key", "session_id": "s-id"}
    assert own(event("A.enter", context)).session == "s-id"
    assert own(event("A.enter", {"b": [{"tenant_id": "t-2"}], "a": {"orgId": "t-1"}})).tenant == "t-1"


@pytest.mark.parametrize("name", ["execution_id", "executionId", "pipeline_run_id", "pipelineRunId"])
def test_camel_case_spellings_are_the_same_names(name: str) -> None:
    assert own(event("A.enter", {name: "x-1"})).execution_id == "x-1"


@pytest.mark.parametrize("value", [None, "", [], {}, True, ["s-1"]])
def test_these_are_no_identity(value: Any) -> None:
    assert (
        own(event("A.enter", {"session_id": value}), event("A.exit", {"session_id": "s-1"}, at=1)).session == "s-1"
    )


def test_a_number_is_an_identity_as_text() -> None:
    assert own(event("A.enter", {"tenant_id": 7.0})).tenant == "7"


def test_marks_are_in_document_order_and_leave_out_what_is_ignored() -> None:
    context = {
        "tenant_id": "t-1",
        "carrier": {"org_id": "dhl", "sub": [{"org_id": "x"}]},
        "legs": [{"org_id": "y"}, {"org_id": "z"}],
        "who": "t-1",
    }
    text = MAP + "  tenant: [$.who]\n  ignore: [$.carrier, '$.legs[?@.org_id==\"z\"]']\n"
    marks = only_run(event("A.enter", context), map_text=text).snapshots[0].marks
    assert [(render(mark.location), mark.mapped) for mark in marks] == [
        ("$.legs[0].org_id", False),
        ("$.tenant_id", False),
        ("$.who", True),
    ]
