"""Runs over HTTP: the run, its context at a step, and what each step changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories import (
    NOW,
    make_anomaly,
    make_event,
    make_incident,
    make_rule_failure,
    make_run,
)
from tests.ingestion.caller import is_problem

pytestmark = pytest.mark.django_db


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
    assert run["evidence"] == "evidence incomplete: sequence 4 never arrived"
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


def test_a_run_says_what_is_missing_and_which_rules_failed(caller, project):
    whole, torn = make_run(project=project, run_id="whole"), make_run(project=project, run_id="torn", gaps=[3, 4])
    many = make_run(project=project, run_id="many", gaps=list(range(1, 21)))
    make_rule_failure(run=torn, count=7)
    assert (caller.get("/runs/whole").json()["evidence"], whole.gaps) == (None, [])
    run = caller.get("/runs/torn").json()
    assert run["evidence"] == "evidence incomplete: sequence 3, 4 never arrived"
    assert [(one["rule"], one["error"], one["count"]) for one in run["rule_errors"]] == [
        ("foreign-session", "KeyError", 7)
    ]
    assert caller.get(f"/runs/{many.run_id}").json()["evidence"].endswith("20 and maybe more never arrived")
