"""Incidents over HTTP, and what may be done to them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.models import Incident
from tests.factories import (
    NOW,
    make_anomaly,
    make_incident,
    make_run,
    make_user,
)
from tests.ingestion.caller import Caller, is_problem

pytestmark = pytest.mark.django_db


def test_incidents(caller, project, stranger, settings):
    settings.BASE_URL = "https://crosstalk.example"
    user = make_user(name="maria", project=project)
    first = make_incident(project=project, assignee=user, run_count=4, session_count=3, tenant_count=2)
    make_incident(
        project=project,
        status="resolved",
        severity="high",
        resolved_at=NOW,
        resolved_by="maria",
        workflow="refund",
        now=NOW + timedelta(hours=1),
    )
    make_incident(project=project, withdrawn_at=NOW)

    items = caller.get("/incidents").json()["items"]
    assert [one["key"] for one in items] == ["INC-2", "INC-1"]
    one = items[1]
    alone = caller.get("/incidents/INC-1").json()
    assert alone == caller.get(f"/incidents/{first.uuid}").json() == {**one, "verdict": alone["verdict"]}
    assert (
        one.items()
        >= {
            "id": str(first.uuid),
            "status": "open",
            "severity": "critical",
            "class": "temporal",
            "rule": "foreign-session",
            "workflow": "checkout",
            "title": first.title,
            "runs": 4,
            "sessions": 3,
            "tenants": 2,
            "assignee": "maria",
            "acknowledged_at": None,
            "mitigated_at": None,
            "resolved_at": None,
            "detected_at": "2026-11-20T10:00:00Z",
            "occurred_at": "2026-11-20T09:59:54Z",
            "url": f"https://crosstalk.example/incidents/INC-1/?project={project.slug}",
        }.items()
    )
    for query, keys in {
        "status=open": ["INC-1"],
        "status=open,resolved": ["INC-2", "INC-1"],
        "severity=high": ["INC-2"],
        "workflow=refund": ["INC-2"],
        "text=inc-1": ["INC-1"],
        "rule=foreign-session&limit=1": ["INC-2"],
    }.items():
        assert [one["key"] for one in caller.get(f"/incidents?{query}").json()["items"]] == keys, query
    assert stranger.get("/incidents").json()["items"] == []
    for name in ("INC-1", str(first.uuid)):
        is_problem(stranger.get(f"/incidents/{name}"), 404)
    for name in ("INC-3", "INC-99999999999999999999", "nothing", "INC-0", str(first.pk)):
        is_problem(caller.get(f"/incidents/{name}"), 404)


def test_the_life_of_an_incident(caller, project):
    incident = make_incident(project=project)
    steps = [
        ("acknowledge", {"note": "on it"}, "acknowledged"),
        ("resolve", {"note": "fixed in 4.2"}, "resolved"),
        ("reopen", None, "open"),
        ("mark-known", {}, "known"),
        ("mark-false-positive", None, "false_positive"),
    ]
    for act, body, status in steps:
        response = caller.post(f"/incidents/{incident.key}/{act}", body)
        assert response.status_code == 200, response.content
        assert response.json()["status"] == status
    notes = list(incident.log.order_by("id").values_list("note", flat=True))
    assert "on it" in notes
    assert "fixed in 4.2" in notes
    assert "false_positive" in is_problem(caller.post("/incidents/INC-1/acknowledge"), 409)["detail"].replace(
        " ", "_"
    )


def test_acts_need_the_write_scope_and_the_projects_own_key(project, stranger):
    incident = make_incident(project=project)
    is_problem(Caller(project, "read", "ingest").post(f"/incidents/{incident.key}/resolve"), 403)
    is_problem(stranger.post(f"/incidents/{incident.uuid}/resolve"), 404)
    is_problem(Caller(project).post(f"/incidents/{incident.key}/explode"), 404)
    is_problem(Caller(project).post(f"/incidents/{incident.key}/resolve", {"note": 7}), 422)
    assert Incident.objects.get().status == "open"


def test_one_incident_comes_with_its_verdict(caller, project):
    incident = make_incident(project=project)
    make_anomaly(run=make_run(project=project), incident=incident, source_run_id="r-0", source_step="Load")
    make_anomaly(
        run=make_run(project=project, gaps=[2]), incident=incident, source_run_id="r-0", source_step="Load"
    )
    assert caller.get("/incidents/INC-1").json()["verdict"] == {
        "kind": "leak",
        "runs": 2,
        "because": "In all 2 runs the wrong value was traced to another run, whose it was.",
        "evidence_incomplete": True,
        "missing_events": 1,
        "runs_looked_at": 2,
    }
    assert "verdict" not in caller.get("/incidents").json()["items"][0]
