"""Context maps over HTTP."""

from __future__ import annotations

import json

import pytest

from monitor.models import MapVersion, Work, Workflow
from tests.factories import (
    make_run,
)
from tests.ingestion.caller import is_problem

pytestmark = pytest.mark.django_db
MAP = "version: 1\nworkflow: checkout\nrisk: high\nowner: payments\n"


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
        ("version: 1\nworkflow: refund\n", 2, "workflow"),
        ("version: 1\nworkflow: checkout\nsteps:\n  A: {}\n  A: {}\n", 5, "steps.A"),
        ('{"version": 1,\n\t"workflow": "checkout",\n\t"inputs": 5}', 3, "inputs"),
        ("version: [\n", 2, "$"),
        ("", 1, "$"),
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
