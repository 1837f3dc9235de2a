"""The pages of the rules."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from monitor.detection.catalogue import CATALOGUE
from monitor.models import MapVersion, Project
from monitor.queries.blind import needs_map
from tests.factories import (
    make_anomaly,
    make_incident,
    make_project,
    make_rule_failure,
    make_run,
    make_user,
    make_workflow,
)
from tests.monitor.views.cast import HOSTILE, Cast, make_cast

pytestmark = pytest.mark.django_db
KINDS = {
    "state": "It fires at every event that shows it.",
    "change": "It fires once, at the first event that shows the change.",
    "run": "It fires once a run, at the event that it is about.",
}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def declare(project: Project, name: str, promises: str) -> None:
    """A workflow that ran today, with a map of these promises."""
    now, workflow = timezone.now(), make_workflow(project=project, name=name)
    make_run(project=project, workflow=name, now=now)
    text = f"version: 1\nworkflow: {name}\n{promises}\n"
    digest = hashlib.sha256(text.encode()).digest()
    MapVersion.objects.create(workflow=workflow, number=1, text=text, digest=digest, created_at=now)


def test_every_rule_has_a_page_that_says_what_why_and_how(cast: Cast) -> None:
    listed = cast.viewer.get("/rules/").content.decode()
    for rule in CATALOGUE:
        assert f'href="/rules/{rule.id}/"' in listed
        page = cast.viewer.get(f"/rules/{rule.id}/").content.decode()
        for heading in (
            "Why it matters",
            "A leaking example",
            "A clean example",
            "How to fix it",
            "False positives",
        ):
            assert heading in page, rule.id
        guide = rule.guide
        for text in (guide.summary, guide.why, guide.leaking, guide.clean, guide.false_positives, guide.source):
            assert escape(text) in page, rule.id
        assert page.count("<li>") >= len(guide.fix)
        for fact in (
            rule.title,
            rule.severity.capitalize(),
            KINDS[rule.kind],
            rule.leak_class or "class by source",
        ):
            assert escape(fact) in page, rule.id
        assert not needs_map(rule) or f"<code>{escape(rule.needs)}</code>" in page, rule.id


def test_a_rule_says_what_it_found_here(cast: Cast) -> None:
    now = timezone.now()
    incident = make_incident(project=cast.project, rule="foreign-session", now=now)
    make_incident(project=cast.project, status="resolved", resolved_at=now, resolved_by="Nada", now=now)
    for age in (0, 1, 31):
        make_anomaly(run=make_run(project=cast.project), incident=incident, now=now - timedelta(days=age))
    page = text_of(cast.viewer, "/rules/foreign-session/")
    assert "INC-1, open" in page
    assert ">1 incident</a>" in page
    assert ">2 ever</a>" in page
    assert "2 anomalies" in page
    assert cast.viewer.get("/rules/").context["rows"][1].count.incidents == 2
    nothing = text_of(cast.viewer, "/rules/foreign-tenant/")
    assert "Nothing yet in this project" in nothing
    assert "0 anomalies" in nothing


def test_a_rule_says_where_its_need_is_not_declared(cast: Cast) -> None:
    declare(cast.project, "declares", "cleanup: [tmp]")
    declare(cast.project, "other", "inputs: [session_id]")
    declare(cast.project, "long-ago", "inputs: [session_id]")
    cast.project.runs.filter(workflow="long-ago").update(last_at=timezone.now() - timedelta(days=31))
    page = text_of(cast.viewer, "/rules/residue-at-end/")
    assert '<span class="unknown">not evaluated</span> in 1 of 2 workflows of the last 30 days' in page
    assert '<a href="/runs/?workflow=other">other</a>.' in page
    assert "No map there declares <code>cleanup</code>." in page
    assert cast.viewer.get("/rules/residue-at-end/").context["silent"] == ("other",)
    rows = {row.rule.id: row.silent for row in cast.viewer.get("/rules/").context["rows"]}
    assert (rows["residue-at-end"], rows["uncleared-field"]) == (("other",), ("declares", "other"))
    assert rows["oversized-context"] == ()
    assert "All 2 workflows of the last 30 days." in text_of(cast.viewer, "/rules/oversized-context/")


def test_a_rule_says_where_there_is_no_identity_to_compare_with(cast: Cast) -> None:
    for name, known in (
        ("named", {"session": "s-1", "asserted_session": "s-1"}),
        ("tenants", {"session": None, "tenant": "t-1"}),
        ("nobody", {"session": None}),
    ):
        make_workflow(project=cast.project, name=name)
        make_run(project=cast.project, workflow=name, now=timezone.now(), **known)
    silent = {row.rule.id: row.silent for row in cast.viewer.get("/rules/").context["rows"]}
    assert silent["foreign-session"] == ("nobody", "tenants")
    assert silent["foreign-tenant"] == ("named", "nobody")
    assert silent["execution-id-changed"] == ("named", "nobody", "tenants")
    assert silent["identity-lost"] == ("nobody",)
    assert silent["run-id-reused"] == ("nobody", "tenants")
    assert "No run there has a session of its own" in text_of(cast.viewer, "/rules/foreign-session/")
    assert "No event there asserts an" in text_of(cast.viewer, "/rules/run-id-reused/")


def test_of_a_rule_that_needs_what_no_map_declares_nothing_is_claimed(cast: Cast) -> None:
    declare(cast.project, "checkout", "cleanup: [tmp]")
    for rule in ("canary-escaped", "unscoped-key"):
        page = text_of(cast.viewer, f"/rules/{rule}/")
        assert "Wherever there is " in page, rule
        assert "not evaluated" not in page, rule


def test_where_nothing_ran_nothing_is_claimed(cast: Cast) -> None:
    assert "No workflow ran in the last 30 days." in text_of(cast.viewer, "/rules/oversized-context/")
    assert "no workflow ran" in text_of(cast.viewer, "/rules/")


def test_a_rule_that_fails_says_in_which_runs(cast: Cast) -> None:
    page = text_of(cast.viewer, "/rules/foreign-session/")
    assert 'id="failed"' not in page
    run = make_run(project=cast.project, run_id=f"r-{HOSTILE}")
    make_rule_failure(run=run, error="RecursionError", count=3)
    make_rule_failure(run=make_run(project=make_project()))
    page = text_of(cast.viewer, "/rules/foreign-session/")
    assert "This rule failed in 1 run." in page
    assert "(RecursionError, 3 events, " in page
    assert HOSTILE not in page
    assert "fails in 1 run" in text_of(cast.viewer, "/rules/")
    assert 'id="failed"' not in text_of(cast.viewer, "/rules/foreign-tenant/")


@pytest.mark.parametrize("address", ["/rules/", "/rules/residue-at-end/"])
def test_the_number_of_queries_does_not_grow_with_the_rows(address: str) -> None:
    counts = []
    for rows in (2, 20):
        project = make_project()
        for n in range(rows):
            declare(project, f"workflow-{rows}-{n}", "cleanup: [tmp]")
            incident = make_incident(project=project, rule="residue-at-end")
            make_anomaly(run=make_run(project=project), incident=incident, rule="residue-at-end")
            make_rule_failure(run=make_run(project=project), rule="residue-at-end")
        client = Client()
        client.force_login(make_user(project=project))
        client.get(address)  # a map is parsed once a process
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_what_is_no_rule_is_not_found(cast: Cast) -> None:
    assert cast.viewer.get("/rules/no-such-rule/").status_code == 404
