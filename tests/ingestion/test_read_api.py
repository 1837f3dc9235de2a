"""The API's other calls, as those who build on it see them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from ingestion.models import Refusal
from monitor.models import Incident, MapVersion, Project, Work, Workflow
from tests.factories import (
    NOW,
    make_anomaly,
    make_api_key,
    make_channel,
    make_event,
    make_incident,
    make_notification,
    make_project,
    make_run,
    make_user,
)

pytestmark = pytest.mark.django_db
MAP = "version: 1\nworkflow: checkout\nrisk: high\nowner: payments\n"


class Caller:
    """Somebody with a key."""

    def __init__(self, project: Project, *scopes: str) -> None:
        self.key, token = make_api_key(project=project, scopes=scopes or ("ingest", "read", "write"))
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **headers: str):
        return Client().get(f"/api/v1{path}", headers={**self.headers, **headers})

    def post(self, path: str, body: Any = None):
        data = b"" if body is None else json.dumps(body)
        return Client().post(f"/api/v1{path}", data, content_type="application/json", headers=self.headers)

    def put(self, path: str, body: str | bytes, kind: str = "application/yaml"):
        return Client().put(f"/api/v1{path}", body, content_type=kind, headers=self.headers)


def is_problem(response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]
    return response.json()


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def caller(project) -> Caller:
    return Caller(project)


@pytest.fixture
def stranger() -> Caller:
    return Caller(make_project())


# Context maps


def test_a_map_is_put_and_given_back(caller, project):
    put = caller.put("/workflows/checkout/map", MAP)
    assert put.status_code == 200
    assert (put.json()["workflow"], put.json()["version"]) == ("checkout", 1)
    assert caller.put("/workflows/checkout/map", MAP).json()["version"] == 1
    assert caller.put("/workflows/checkout/map", MAP + "deterministic: true\n").json()["version"] == 2

    got = caller.get("/workflows/checkout/map").json()
    assert (got["version"], got["text"]) == (2, MAP + "deterministic: true\n")
    bare = caller.get("/workflows/checkout/map", Accept="application/yaml")
    assert bare.content.decode() == got["text"]
    assert bare["Crosstalk-Map-Version"] == "2"
    assert MapVersion.objects.count() == 2
    workflow = Workflow.objects.get()
    assert (workflow.risk, workflow.owner) == ("high", "payments")
    assert MapVersion.objects.first().created_by_key == caller.key


def test_a_map_may_be_json_and_its_workflow_have_any_name(caller):
    name = "shop/checkout v2 é"
    body = json.dumps({"version": 1, "workflow": name})
    assert caller.put(f"/workflows/{name}/map", body, "application/json").status_code == 200
    assert caller.get(f"/workflows/{name}/map").json()["text"] == body


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("version: 1\nworkflow: checkout\ncolour: red\n", 3, "colour"),
        ("version: 1\nworkflow: checkout\nprivate: ['no path']\n", 3, None),
        ("version: 1\nworkflow: refund\n", None, "workflow"),
        ("version: [\n", None, None),
        ("", None, None),
    ],
)
def test_a_map_with_a_mistake_is_refused_whole(caller, text, line, key):
    problem = is_problem(caller.put("/workflows/checkout/map", text), 422)
    error = problem["errors"][0]
    assert error["error"]
    if line is not None:
        assert error["line"] == line
    if key is not None:
        assert error["key"] == key
    assert MapVersion.objects.count() == 0


def test_what_is_no_map_at_all(caller):
    is_problem(caller.put("/workflows/checkout/map", b"\xff\xfe"), 400)
    is_problem(caller.put("/workflows/checkout/map", b"#" * 2_000_000), 413)
    is_problem(caller.put(f"/workflows/{'x' * 201}/map", MAP), 422)
    is_problem(caller.put("/workflows/checkout/map", MAP.replace("payments", '"a\\0b"')), 422)
    is_problem(caller.get("/workflows/checkout/map"), 404)


def test_a_new_map_has_the_running_runs_of_its_workflow_judged_again(caller, project, stranger):
    running = make_run(project=project)
    make_run(project=project, ended=True)
    make_run(project=project, workflow="refund")
    make_run(project=stranger.key.project)
    caller.put("/workflows/checkout/map", MAP)
    work = Work.objects.get()
    assert (work.run, work.reason, work.event_pks) == (running, "map", [])
    caller.put("/workflows/checkout/map", MAP)
    assert Work.objects.count() == 1


# Lists and single records


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
    assert one == caller.get("/incidents/INC-1").json() == caller.get(f"/incidents/{first.uuid}").json()
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


# Runs


@pytest.fixture
def told_run(project):
    run = make_run(project=project, run_id="batch/7", parent_run_id="batch", gaps=[4])

    def happens(second: int, step: str, phase: str, context: dict[str, Any], **fields: Any) -> None:
        at = datetime.fromisoformat("2026-11-20T09:00:00+00:00") + timedelta(seconds=second)
        make_event(run=run, at=at, step=step, phase=phase, context=context, **fields)

    happens(3, "Pay", "enter", {"cart": {"items": [1]}, "n": 1})
    happens(0, "Load", "enter", {"n": 1})
    happens(1, "Load", "exit", {"n": 1, "cart": {"items": [1]}})
    happens(
        4,
        "Pay",
        "exit",
        {"cart": {"items": [1, 2]}, "paid": True},
        accesses=[{"store": "redis", "op": "read", "key": "k"}],
    )
    happens(6, "Pay", "exit", {"cart": {}}, attempt=2, final=True)
    return run


def test_a_run(caller, project, stranger, told_run):
    make_run(project=project, run_id="child", parent_run_id="batch/7")
    incident = make_incident(project=project)
    make_anomaly(run=told_run, incident=incident)
    make_anomaly(run=told_run, incident=make_incident(project=project, withdrawn_at=NOW))

    run = caller.get("/runs/batch/7").json()
    assert (run["run_id"], run["workflow"], run["parent_run_id"]) == ("batch/7", "checkout", "batch")
    assert (run["children"], run["gaps"], run["incidents"]) == (["child"], [4], ["INC-1"])
    assert [(one["step"], one["phase"], one["attempt"]) for one in run["steps"]][:5] == [
        ("Load", "enter", 1),
        ("Load", "exit", 1),
        ("Pay", "enter", 1),
        ("Pay", "exit", 1),
        ("Pay", "exit", 2),
    ]
    assert run["steps"][3]["accesses"] == [{"store": "redis", "op": "read", "key": "k", "ttl_seconds": None}]
    assert [one["incident"] for one in run["anomalies"]] == ["INC-1"]
    is_problem(stranger.get("/runs/batch/7"), 404)
    is_problem(caller.get("/runs/batch/8"), 404)


def test_the_context_at_a_step(caller, stranger, told_run):
    def at(query: str) -> dict[str, Any]:
        return caller.get(f"/runs/batch/7/context?{query}").json()

    assert at("at=Load.exit")["context"] == {"n": 1, "cart": {"items": [1]}}
    assert at("at=Load.exit&path=$.cart.items")["matches"] == [{"path": "$.cart.items", "value": [1]}]
    assert at("at=Load.exit&path=$..*")["matches"][-1] == {"path": "$.n", "value": 1}
    assert at("at=Load.exit&path=$.none")["matches"] == []
    assert at("at=Pay.exit")["context"] == {"cart": {}}
    assert at("at=Pay.exit&attempt=1")["context"]["paid"] is True
    assert at("at=run.start")["context"] == {"n": 1}
    assert at("")["attempt"] == 2
    assert at("at=run.end")["final"] is True
    for query in ("at=None.exit", "at=Load", "at=Load.exit&attempt=3", "at=Load.exit&branch=b"):
        is_problem(caller.get(f"/runs/batch/7/context?{query}"), 404)
    assert is_problem(caller.get("/runs/batch/7/context?path=cart"), 422)["errors"][0]["field"] == "path"
    is_problem(stranger.get("/runs/batch/7/context"), 404)
    is_problem(caller.get("/runs/none/context"), 404)


def test_what_each_step_changed(caller, told_run):
    steps = caller.get("/runs/batch/7/changes").json()["steps"]
    assert [(one["step"], one["attempt"], one["since"]) for one in steps] == [
        ("Load", 1, {"step": "Load", "phase": "enter"}),
        ("Pay", 1, {"step": "Pay", "phase": "enter"}),
        ("Pay", 2, {"step": "Pay", "phase": "exit"}),
    ]
    assert steps[0]["changes"] == [{"path": "$.cart", "kind": "added", "before": None, "after": {"items": [1]}}]
    assert [(one["path"], one["kind"]) for one in steps[1]["changes"]] == [
        ("$.cart.items[1]", "added"),
        ("$.n", "removed"),
        ("$.paid", "added"),
    ]


def test_a_run_may_be_called_like_a_call(caller, project):
    make_run(project=project, run_id="odd/context")
    make_run(project=project, run_id="odd/changes")
    assert caller.get("/runs/odd/context").json()["run_id"] == "odd/context"
    assert caller.get("/runs/odd/changes").json()["run_id"] == "odd/changes"
    assert caller.get("/runs/odd/context/context?at=run.start").status_code == 404


# Figures


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
    assert stranger.get("/status").json()["pending_events"] == 0
    Work.objects.update(event_pks=[])
    assert caller.get("/status").json()["pending_events"] == 2


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
    ready = Client().get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "redis": "ok"})
    make_incident(project=project)
    Refusal.objects.create(project=project, api_key=caller.key, hour=NOW, reason="phase", events=2)
    response = Client().get("/-/metrics", headers=caller.headers)
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    text = response.content.decode()
    assert "crosstalk_pending_events 0\n" in text
    assert 'crosstalk_incidents{status="open"} 1\n' in text
    is_problem(Client().get("/-/metrics"), 401)


def test_not_ready_without_redis_or_migrations(settings, tmp_path, monkeypatch):
    settings.REDIS_URL = f"unix://{tmp_path}/none"
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *_: ["one", "two"]
    )
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"].startswith("2 migrations")
    assert "ConnectionError" in response.json()["checks"]["redis"]


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
        "/api/v1/anomalies",
        "/api/v1/incidents",
        "/api/v1/incidents/{incident_id}",
        "/api/v1/runs/{run_id}",
        "/api/v1/runs/{run_id}/context",
        "/api/v1/runs/{run_id}/changes",
        "/api/v1/metrics",
        "/api/v1/status",
        *(
            f"/api/v1/incidents/{{incident_id}}/{act}"
            for act in ("acknowledge", "resolve", "reopen", "mark-known", "mark-false-positive")
        ),
    }
    body = described["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["oneOf"][0]["properties"]["phase"] == {"enum": ["enter", "exit"]}
