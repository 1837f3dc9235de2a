"""The verdict on a stored incident, from its anomalies and the events of its runs."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.models import Incident, MapVersion, Project, Run
from monitor.queries import incident_verdict as query
from monitor.queries.incident_verdict import as_json, incident_verdict
from tests.factories import NOW, make_anomaly, make_event, make_incident, make_project, make_run, make_workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def priced(project: Project, basket: int, total: Any, *, run_id: str = "", **fields: Any) -> Run:
    """A run that was given a basket and ended with a total, of a session of its own."""
    run = make_run(project=project, run_id=run_id, workflow="price", event_count=2, ended=True, **fields)
    given = {"session_id": run.run_id, "basket": basket}
    make_event(run=run, phase="enter", sequence=0, context=given, at=NOW - timedelta(seconds=9))
    out = {**given, "total": total}
    make_event(run=run, sequence=1, context=out, final=True, at=NOW - timedelta(seconds=8))
    return run


def wrong(incident: Incident, run: Run, observed: Any, **fields: Any) -> None:
    """An anomaly of the incident in a run, as its rule would write it."""
    about = {"rule": incident.rule, "leak_class": incident.leak_class, "path": incident.path, "expected": 1}
    make_anomaly(run=run, incident=incident, event=run.events.last(), observed=observed, **{**about, **fields})


def divergent(project: Project, **fields: Any) -> Incident:
    about = {"rule": "divergent-output", "leak_class": "integrity", "severity": "warning", "path": "$.total"}
    return make_incident(project=project, workflow="price", **{**about, **fields})


def kind_and_runs(project: Project, incident: Incident) -> tuple[str, int]:
    found = incident_verdict(project, incident).verdict
    return found.kind, found.runs


def test_a_value_with_an_owner_is_a_leak(project: Project) -> None:
    incident = make_incident(project=project)
    for n in range(3):
        run = make_run(project=project, gaps=[4, 5] if n == 0 else [])
        make_anomaly(run=run, incident=incident, source_run_id="r-owner", source_step="Load")
    unseen = make_run(project=project)
    make_anomaly(run=unseen, incident=incident, leak_class="unknown")
    assert as_json(incident_verdict(project, incident)) == {
        "kind": "leak",
        "runs": 3,
        "because": "In 3 of 4 runs the wrong value was traced to another run, whose it was.",
        "evidence_incomplete": True,
        "missing_events": 2,
        "runs_looked_at": 4,
    }


def test_what_is_gone_is_a_loss(project: Project) -> None:
    incident = make_incident(project=project, rule="identity-lost", leak_class="integrity", severity="warning")
    wrong(incident, make_run_with_event(project), None)
    assert kind_and_runs(project, incident) == ("loss", 1)
    frozen = make_incident(project=project, rule="frozen-field-changed", leak_class="integrity")
    wrong(frozen, make_run_with_event(project), None, expected="x")
    assert kind_and_runs(project, frozen) == ("loss", 1)


def make_run_with_event(project: Project) -> Run:
    run = make_run(project=project)
    make_event(run=run)
    return run


def test_the_same_wrong_value_for_the_same_input_is_a_leak(project: Project) -> None:
    incident = divergent(project)
    for _ in range(3):
        wrong(incident, priced(project, 7, 99), 99)
    wrong(incident, priced(project, 8, 50), 50)
    assert kind_and_runs(project, incident) == ("leak", 3)


def test_different_wrong_values_for_the_same_input_are_a_race(project: Project) -> None:
    incident = divergent(project)
    for total in (99, 98):
        wrong(incident, priced(project, 7, total), total)
    found = incident_verdict(project, incident).verdict
    assert (found.kind, found.runs) == ("race", 2)
    assert found.because == "2 runs had the same input and different wrong outcomes."


def test_equal_numbers_are_one_value_however_they_were_written(project: Project) -> None:
    incident = divergent(project)
    for total in (99, 99.0):
        wrong(incident, priced(project, 7, total), total)
    assert kind_and_runs(project, incident) == ("leak", 2)


def test_a_plain_value_and_a_fingerprint_say_nothing_of_each_other(project: Project) -> None:
    incident = divergent(project)
    for total in ("x", "fp:1"):
        wrong(incident, priced(project, 7, total), total)
    assert kind_and_runs(project, incident) == ("not_enough_evidence", 2)


def test_outputs_count_only_where_the_workflow_is_declared_deterministic(project: Project) -> None:
    incident = divergent(project, rule="frozen-field-changed")
    for rest in (1, 2):
        wrong(incident, priced(project, 7, {"frozen": 9, "rest": rest}), 9)
    assert kind_and_runs(project, incident) == ("leak", 2)
    declare(project, "version: 1\nworkflow: price\ndeterministic: true\n")
    assert kind_and_runs(project, incident) == ("race", 2)


def declare(project: Project, text: str) -> None:
    workflow = make_workflow(project=project, name="price")
    digest = hashlib.sha256(text.encode()).digest()
    MapVersion.objects.create(workflow=workflow, number=1, text=text, digest=digest, created_at=NOW)


def test_clean_runs_beside_a_single_wrong_one_show_a_race(project: Project) -> None:
    incident = divergent(project)
    wrong(incident, priced(project, 7, 99), 99)
    priced(project, 7, 1)
    assert kind_and_runs(project, incident) == ("not_enough_evidence", 1)
    priced(project, 7, 1)
    priced(project, 8, 2)
    found = incident_verdict(project, incident).verdict
    assert (found.kind, found.runs) == ("race", 3)
    assert found.because == "The same input ended right in 2 runs and wrong in 1."


def test_clean_runs_say_nothing_of_a_leak_that_was_not_traced(project: Project) -> None:
    incident = divergent(project, rule="foreign-session", leak_class="unknown")
    wrong(incident, priced(project, 7, 99), 99)
    for _ in range(5):
        priced(project, 7, 1)
    assert kind_and_runs(project, incident) == ("not_enough_evidence", 1)


@pytest.mark.parametrize("spoilt", ["partial", "large", "long"])
def test_an_input_that_is_not_known_is_not_compared(project: Project, spoilt: str) -> None:
    incident = divergent(project)
    for _ in range(2):
        run = priced(project, 7, 99)
        wrong(incident, run, 99)
        if spoilt == "long":
            Run.objects.filter(pk=run.pk).update(event_count=query.COMPARED_EVENTS + 1)
        elif spoilt == "large":
            run.events.update(context_bytes=query.COMPARED_BYTES + 1)
        else:
            early = NOW - timedelta(seconds=20)
            make_event(run=run, phase="enter", sequence=0, event_id=f"0-{run.pk}", partial=True, at=early)
    found = incident_verdict(project, incident).verdict
    assert (found.kind, found.runs) == ("not_enough_evidence", 2)
    assert "the input of 2 is not known" in found.because


def test_a_broken_promise_without_a_value_is_not_compared(project: Project) -> None:
    incident = divergent(project, rule="undeclared-resource")
    for _ in range(3):
        wrong(incident, priced(project, 7, 99), "redis:x")
    assert kind_and_runs(project, incident) == ("not_enough_evidence", 3)


def test_an_incident_without_evidence_says_so(project: Project) -> None:
    found = incident_verdict(project, make_incident(project=project))
    assert (found.verdict.kind, found.looked_at) == ("not_enough_evidence", 0)
    assert found.verdict.because == "No affected run is left to look at."


def test_no_other_project_is_compared_with(project: Project) -> None:
    incident = divergent(project)
    wrong(incident, priced(project, 7, 99), 99)
    other = make_project()
    for _ in range(3):
        priced(other, 7, 1)
    assert kind_and_runs(project, incident) == ("not_enough_evidence", 1)


def test_the_manual_says_the_bounds() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text()
    for bound in (query.COMPARED_BYTES, query.COMPARED_EVENTS, query.LOOKED_AT_RUNS, 2 * query.LOOKED_AT_RUNS):
        assert f" {bound:,} " in manual, bound


@pytest.mark.parametrize("alike", [True, False])
def test_the_number_of_queries_does_not_grow_with_the_runs(project: Project, alike: bool) -> None:
    counts = []
    for runs in (2, 20):
        incident = divergent(project)
        for n in range(runs):
            wrong(incident, priced(project, 7 if alike else 1_000 * runs + n, 99), 99)
        with CaptureQueriesContext(connection) as captured:
            incident_verdict(project, incident)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 8
