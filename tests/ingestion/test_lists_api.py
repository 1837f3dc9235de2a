"""Lists over HTTP: anomalies, their cursors, and what is asked of them wrongly."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import (
    NOW,
    make_anomaly,
    make_event,
    make_incident,
    make_run,
)
from tests.ingestion.caller import is_problem

pytestmark = pytest.mark.django_db


def test_anomalies(caller, project, stranger):
    run = make_run(project=project, run_id="r/1")
    incident = make_incident(project=project)
    found = make_anomaly(
        run=run,
        incident=incident,
        source_run_id="r-0",
        source_step="Load",
        source_path="$.a",
        source_resource="redis:cart",
        source_event_id="e",
        source_occurred_at=NOW,
    )
    make_anomaly(
        run=make_run(project=project, workflow="refund"), rule="uncleared-field", now=NOW + timedelta(hours=1)
    )
    make_anomaly(run=run, incident=make_incident(project=project, withdrawn_at=NOW))

    page = caller.get("/anomalies").json()
    assert [one["rule"] for one in page["items"]] == ["uncleared-field", "foreign-session"]
    assert page["next"] is None
    one = page["items"][1]
    assert (
        one["source"].items()
        >= {
            "run_id": "r-0",
            "step": "Load",
            "path": "$.a",
            "resource": "redis:cart",
        }.items()
    )
    assert (one["anomaly_id"], one["incident"]) == (str(found.uuid), "INC-1")
    assert (one["class"], one["severity"], one["run_id"], one["event_id"]) == (
        "temporal",
        "critical",
        "r/1",
        found.event.event_id,
    )
    assert (one["expected"], one["observed"], one["detected_at"]) == ("s-2", "s-1", "2026-11-20T10:00:00Z")
    assert page["items"][0]["source"] is None

    for query, rules in {
        "run_id=r/1": ["foreign-session"],
        "workflow=refund": ["uncleared-field"],
        "rule=foreign-session": ["foreign-session"],
        "since=2026-11-20T10:30:00Z": ["uncleared-field"],
        "since=2026-11-20T11:00:00+00:00": ["uncleared-field"],
        "workflow=nothing": [],
    }.items():
        assert [one["rule"] for one in caller.get(f"/anomalies?{query}").json()["items"]] == rules, query
    assert stranger.get("/anomalies").json()["items"] == []


def test_pages_are_walked_by_their_cursor(caller, project):
    run = make_run(project=project)
    event = make_event(run=run)
    made = [make_anomaly(run=run, event=event, now=NOW + timedelta(seconds=n // 3)) for n in range(8)]

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = caller.get(f"/anomalies?limit=3{cursor and '&cursor=' + cursor}").json()
        seen += [one["anomaly_id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [str(one.uuid) for one in reversed(made)]


@pytest.mark.parametrize("cursor", ["nonsense", "é", "WzFd", "W251bGwsIDFd", "WyIyMDI2LTExLTIwIiwxXQ", "=" * 9])
@pytest.mark.parametrize("path", ["/anomalies", "/incidents"])
def test_a_cursor_that_no_list_gave(caller, path, cursor):
    problem = is_problem(caller.get(f"{path}?cursor={cursor}"), 400)
    assert problem["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    "path",
    [
        "/anomalies?limit=0",
        "/anomalies?limit=x",
        "/anomalies?since=noon",
        "/incidents?status=closed",
        "/incidents?limit=201",
        "/metrics?from=soon",
        "/metrics?to=2026-13-01",
        "/metrics?by=mood",
    ],
)
def test_what_is_not_understood_is_named(caller, path):
    problem = is_problem(caller.get(path), 422)
    name = path.partition("?")[2].partition("=")[0]
    assert problem["errors"][0]["field"].endswith(name)
