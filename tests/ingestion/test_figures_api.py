"""Metrics, status, probes and documentation over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from ingestion.models import Refusal
from monitor.models import Work
from tests.factories import (
    NOW,
    make_channel,
    make_incident,
    make_notification,
    make_project,
    make_rule_failure,
    make_run,
)
from tests.ingestion.caller import Caller, is_problem

pytestmark = pytest.mark.django_db
MAP = "version: 1\nworkflow: checkout\nrisk: high\nowner: payments\n"


def test_metrics(caller, project, stranger):
    make_incident(project=project, status="resolved", resolved_at=NOW + timedelta(seconds=60), resolved_by="m")
    make_incident(project=project, workflow="refund", now=NOW + timedelta(days=1))

    whole = caller.get("/metrics").json()
    assert (whole["from"], whole["to"]) == (None, None)
    (group,) = whole["groups"]
    assert (group["key"], group["incidents"], group["still_open"]) == ({}, 2, 1)
    assert group["mttd_seconds"]["n"] == 2
    assert group["mttr_seconds"] == {"mean": 60.0, "median": 60.0, "p90": 60.0, "n": 1}
    by = caller.get("/metrics?by=workflow&from=2026-11-20&to=2026-11-20").json()
    assert (by["from"], by["to"]) == ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
    assert [one["key"] for one in by["groups"]] == [{"workflow": "checkout"}]
    exact = caller.get("/metrics?from=2026-11-20T10:00:01Z&to=2027-01-01T00:00:00Z").json()
    assert exact["groups"][0]["incidents"] == 1
    assert stranger.get("/metrics").json()["groups"][0]["incidents"] == 0


def test_days_are_those_of_the_projects_time_zone():
    caller = Caller(make_project(time_zone="Pacific/Auckland"))
    assert caller.get("/metrics?from=2026-11-20").json()["from"] == "2026-11-19T11:00:00Z"


def test_status(caller, project, stranger):
    assert (
        caller.get("/status").json().items()
        >= {
            "pending_events": 0,
            "pending_alerts": 0,
            "oldest_pending_seconds": None,
            "last_event_at": None,
        }.items()
    )
    Client().post(
        "/api/v1/events",
        json.dumps(
            [
                {
                    "occurred_at": "2026-11-20T10:00:00Z",
                    "workflow": "w",
                    "run_id": f"r-{n % 2}",
                    "step": "s",
                    "phase": "exit",
                    "context": {"n": n},
                }
                for n in range(3)
            ]
            + [{"x": 1}]
        ),
        content_type="application/json",
        headers=caller.headers,
    )
    make_notification(channel=make_channel(project=project))
    make_notification(channel=make_channel(project=project), status="delivered")
    status = caller.get("/status").json()
    assert (status["pending_events"], status["pending_alerts"]) == (3, 1)
    assert status["events_last_hour"] == 3
    assert status["last_event_at"] is not None
    assert status["oldest_pending_seconds"] >= 0
    assert status["refused_events"] == {"unknown field": 1}
    assert status["self_check"] == {"ok": None, "problem": None}
    assert stranger.get("/status").json()["pending_events"] == 0
    Work.objects.update(event_pks=[])
    assert caller.get("/status").json()["pending_events"] == 2


def test_status_says_which_rules_raise_and_where(caller, project, stranger):
    quiet = {"rule_errors": 0, "rule_errors_by_rule": {}, "rule_errors_latest": []}
    assert caller.get("/status").json().items() >= quiet.items()
    for n in range(7):
        run, at = make_run(project=project, run_id=f"r-{n}"), NOW + timedelta(seconds=n)
        make_rule_failure(run=run, rule="foreign-value", count=2, now=at)
        if n == 6:
            make_rule_failure(run=run, rule="lost-field", error="RecursionError", now=at)
    status = caller.get("/status").json()
    assert (status["rule_errors"], status["rule_errors_by_rule"]) == (15, {"foreign-value": 7, "lost-field": 1})
    assert [one["run_id"] for one in status["rule_errors_latest"]] == ["r-6", "r-6", "r-5", "r-4", "r-3"]
    assert status["rule_errors_latest"][0] == {
        "rule": "lost-field",
        "run_id": "r-6",
        "error": "RecursionError",
        "count": 1,
        "last_at": "2026-11-20T10:00:06Z",
    }
    figures = Client().get("/-/metrics", headers=caller.headers).content.decode()
    assert 'crosstalk_rule_failing_runs{rule="foreign-value"} 7.0\n' in figures
    assert stranger.get("/status").json().items() >= quiet.items()


def test_every_reading_call_needs_a_key_that_may_read(project):
    ingest_only = Caller(project, "ingest")
    for path in (
        "/anomalies",
        "/incidents",
        "/incidents/INC-1",
        "/runs/r",
        "/runs/r/context",
        "/runs/r/changes",
        "/metrics",
        "/status",
        "/workflows/w/map",
    ):
        is_problem(ingest_only.get(path), 403)
        is_problem(Client().get(f"/api/v1{path}"), 401)
    is_problem(ingest_only.put("/workflows/w/map", MAP), 403)


# Probes and documentation


def test_probes(caller, project):
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/readyz").status_code == 200
    make_incident(project=project)
    Refusal.objects.create(project=project, api_key=caller.key, hour=NOW, reason="phase", events=2)
    response = Client().get("/-/metrics", headers=caller.headers)
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    text = response.content.decode()
    assert "crosstalk_pending_events 0.0\n" in text
    assert 'crosstalk_incidents{status="open"} 1.0\n' in text
    is_problem(Client().get("/-/metrics"), 401)


def test_the_documentation_page_comes_from_here_alone():
    page = Client().get("/api/v1/docs")
    html = page.content.decode()
    assert page.status_code == 200
    assert "http://" not in html
    assert "https://" not in html
    assert "ninja/swagger-ui-bundle" in html
    described = Client().get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/events",
        "/api/v1/workflows/{workflow}/map",
        "/api/v1/workflows/{workflow}/map/versions",
        "/api/v1/workflows/{workflow}/map/dry-run",
        "/api/v1/workflows/{workflow}/map/proposal",
        "/api/v1/workflows/{workflow}/map/proposal/adopt",
        "/api/v1/anomalies",
        "/api/v1/incidents",
        "/api/v1/incidents/{incident_id}",
        "/api/v1/runs/{run_id}",
        "/api/v1/runs/{run_id}/context",
        "/api/v1/runs/{run_id}/changes",
        "/api/v1/metrics",
        "/api/v1/redaction",
        "/api/v1/redaction/dry-run",
        "/api/v1/status",
        *(
            f"/api/v1/incidents/{{incident_id}}/{act}"
            for act in ("acknowledge", "resolve", "reopen", "mark-known", "mark-false-positive")
        ),
    }
    body = described["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["oneOf"][0]["properties"]["phase"] == {"enum": ["enter", "exit"]}
