"""A dry run over HTTP: what a map would report in the stored events, against what stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from ingestion.api import map_trials
from monitor.models import Anomaly, MapVersion, Work
from monitor.services.actor import SYSTEM
from monitor.services.maps import put_map
from tests.factories import NOW
from tests.ingestion.caller import Caller, is_problem
from tests.monitor.services.story import event, leak, tell

pytestmark = pytest.mark.django_db
HEAD = "version: 1\nworkflow: checkout\n"
INPUTS = HEAD + "inputs: [session_id]\n"


def dry_run(
    caller: Caller, text: str | bytes, query: str = "", kind: str = "application/yaml", name: str = "checkout"
):
    url = f"/api/v1/workflows/{name}/map/dry-run{query}"
    return Client().post(url, text, content_type=kind, headers=caller.headers)


def answer(caller: Caller, text: str, query: str = "") -> dict[str, Any]:
    got = dry_run(caller, text, query)
    assert got.status_code == 200, got.content
    return got.json()


def dirty(run_id: str, second: float, **fields: Any):
    """A run that begins with something left over."""
    context = {"session_id": run_id, "left": f"over from {run_id}"}
    return event(run_id, second, session=run_id, context=context, phase="enter", **fields)


def clean(run_id: str, second: float, **fields: Any):
    return event(run_id, second, run_id, session=run_id, phase="enter", **fields)


def test_it_says_what_would_be_added_and_stores_nothing(caller, project):
    tell(project, [clean("r-1", 0), dirty("r-2", 10), dirty("r-3", 20)])
    got = answer(caller, INPUTS)
    assert got["looked_at"] == {
        "runs": 3, "relatives": 0, "events": 3, "cut": None,
        "first_at": "2026-11-20T09:00:00Z", "last_at": "2026-11-20T09:00:20Z",
    }  # fmt: skip
    counts = {"anomalies": 2, "by_rule": {"residue-at-start": 2}, "by_severity": {"high": 2}}
    assert got["would_report"] == counts
    assert got["stands"]["anomalies"] == got["removed"]["anomalies"] == got["unchanged"]["anomalies"] == 0
    assert {**got["added"], "examples": None} == {**counts, "also_by_map_in_force": 0, "examples": None}
    example = got["added"]["examples"][0]
    assert (example["run_id"], example["path"], example["observed"]) == ("r-2", "$.left", "over from r-2")
    assert (example["anomaly_id"], example["incident"], example["detected_at"]) == (None, None, None)
    assert example["class"] == "temporal"
    assert got["map_version"] is None
    assert got["seconds"] >= 0
    assert (MapVersion.objects.count(), Anomaly.objects.count(), Work.objects.count()) == (0, 0, 0)


def test_what_stands_is_removed_or_unchanged(caller, project):
    put_map(project=project, workflow="checkout", text=INPUTS, by=SYSTEM, now=NOW)
    tell(project, [dirty("r-1", 0), dirty("r-2", 10)])
    same = answer(caller, INPUTS + "owner: me\n")
    assert (same["unchanged"]["anomalies"], same["added"]["anomalies"], same["removed"]["anomalies"]) == (2, 0, 0)
    assert same["map_version"] == 1
    none = answer(caller, HEAD)
    assert (none["would_report"]["anomalies"], none["stands"]["anomalies"]) == (0, 2)
    assert none["removed"]["by_rule"] == {"residue-at-start": 2}
    stored = none["removed"]["examples"][0]
    assert stored["anomaly_id"]
    assert stored["incident"] == "INC-1"
    assert stored["detected_at"]


def test_what_an_earlier_map_found_is_neither_added_nor_removed_by_this_one(caller, project):
    put_map(project=project, workflow="checkout", text=INPUTS, by=SYSTEM, now=NOW)
    tell(project, [dirty("r-1", 0, final=True)])
    put_map(project=project, workflow="checkout", text=HEAD, by=SYSTEM, now=NOW)
    tell(project, [dirty("r-2", 10, final=True)])
    put_map(project=project, workflow="checkout", text=INPUTS + "owner: me\n", by=SYSTEM, now=NOW)
    got = answer(caller, HEAD)
    assert (got["stands"]["anomalies"], got["removed"]["anomalies"]) == (1, 1)
    got = answer(caller, INPUTS)
    assert (got["unchanged"]["anomalies"], got["added"]["anomalies"]) == (1, 1)
    assert got["added"]["also_by_map_in_force"] == 1
    put_map(project=project, workflow="checkout", text=HEAD, by=SYSTEM, now=NOW)
    got = answer(caller, HEAD + "owner: me\n")
    assert (got["unconfirmed"]["anomalies"], got["removed"]["anomalies"]) == (1, 0)


def test_relatives_are_judged_along(caller, project):
    child = event(
        "c-1",
        2,
        workflow="charge",
        parent_run_id="r-1",
        parent_step="LoadCart",
        context={"session_id": "r-1", "note": "n"},
    )
    tell(
        project, [event("r-1", 0, session="r-1", phase="enter", context={"session_id": "r-1", "note": "n"}), child]
    )
    got = answer(caller, HEAD + "children: {charge: {passes: [$.session_id]}}\n")
    assert (got["looked_at"]["runs"], got["looked_at"]["relatives"]) == (1, 1)
    assert got["added"]["by_rule"] == {"child-overreach": 1}
    assert got["added"]["examples"][0]["run_id"] == "c-1"


def test_only_the_runs_asked_for_are_looked_at(caller, project, settings):
    tell(project, [dirty(f"r-{n}", n * 10) for n in range(6)])
    newest = answer(caller, INPUTS, "?limit_runs=2")
    assert (newest["looked_at"]["runs"], newest["looked_at"]["cut"]) == (2, "runs")
    assert [one["run_id"] for one in newest["added"]["examples"]] == ["r-4", "r-5"]
    window = answer(caller, INPUTS, "?since=2026-11-20T09:00:10Z&until=2026-11-20T09:00:30Z")
    assert [one["run_id"] for one in window["added"]["examples"]] == ["r-1", "r-2"]
    assert window["looked_at"]["cut"] is None
    settings.HISTORY_MAX_RUNS = 3
    assert answer(caller, INPUTS, "?limit_runs=100")["looked_at"]["runs"] == 3
    settings.HISTORY_MAX_EVENTS = 2
    events = answer(caller, INPUTS)["looked_at"]
    assert (events["runs"], events["events"], events["cut"]) == (2, 2, "events")
    settings.HISTORY_MAX_BYTES = 1
    none = answer(caller, INPUTS)["looked_at"]
    assert (none["runs"], none["first_at"], none["cut"]) == (0, None, "bytes")


def test_examples_are_few_and_of_every_rule(caller, project):
    tell(project, [dirty(f"r-{n}", n * 10) for n in range(60)])
    tell(project, leak("v-1", "o-1", second=1000))
    got = answer(caller, INPUTS + "size_limit_bytes: 40\n")
    assert got["added"]["anomalies"] == got["would_report"]["anomalies"] - 1
    examples = got["added"]["examples"]
    assert len(examples) == 50
    assert {one["rule"] for one in examples} == set(got["added"]["by_rule"])
    assert got["unchanged"]["by_rule"] == {"foreign-session": 1}


def test_a_wrong_map_is_refused_with_its_lines(caller):
    problem = is_problem(dry_run(caller, HEAD + "colour: red\nprivate: [x]\n"), 422)
    assert [(one["line"], one["key"]) for one in problem["errors"]] == [(3, "colour"), (4, "private[0]")]
    problem = is_problem(dry_run(caller, "version: 1\nworkflow: refund\n"), 422)
    assert [(one["line"], one["key"]) for one in problem["errors"]] == [(2, "workflow")]
    is_problem(dry_run(caller, b"\xff"), 400)
    is_problem(dry_run(caller, HEAD, "?since=yesterday"), 422)
    is_problem(dry_run(caller, HEAD, "?limit_runs=0"), 422)
    is_problem(dry_run(caller, HEAD, name="x" * 201), 422)


def test_json_does_as_well_and_a_key_that_reads_is_enough(project):
    reader = Caller(project, "read")
    body = json.dumps({"version": 1, "workflow": "checkout"}, indent="\t")
    assert dry_run(reader, body, kind="application/json").status_code == 200
    is_problem(dry_run(Caller(project, "ingest", "write"), HEAD), 403)


def test_nobody_sees_another_project_s_runs(caller, project, stranger):
    tell(project, [dirty("r-1", 0)])
    assert answer(stranger, INPUTS)["looked_at"]["runs"] == 0


def test_one_at_a_time(caller):
    with map_trials._alone():
        busy = dry_run(caller, HEAD)
    assert is_problem(busy, 429)
    assert busy["Retry-After"] == "5"
    assert dry_run(caller, HEAD).status_code == 200
