"""The Metrics page and its files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitor.models import Project
from tests.factories import make_incident, make_project, make_run, make_user, make_workflow

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror="alert(1)">'


def signed_in(project: Project, role: str = "viewer") -> Client:
    client = Client()
    client.force_login(make_user(project=project, role=role))
    return client


def resolved(project: Project, *, days_ago: float, seconds: float, **fields: Any) -> None:
    """An incident detected so long ago, found and fixed within `seconds` each."""
    detected_at = timezone.now() - timedelta(days=days_ago)
    make_incident(
        project=project,
        status="resolved",
        occurred_at=detected_at - timedelta(seconds=seconds),
        detected_at=detected_at,
        resolved_at=detected_at + timedelta(seconds=seconds),
        resolved_by="Nada",
        **fields,
    )


def test_a_project_without_incidents_shows_no_zero_where_nothing_was_measured() -> None:
    page = signed_in(make_project()).get("/metrics/").content.decode()
    assert "No incidents in " in page
    assert page.count('<p class="figure-value figure-none">none yet</p>') == 3
    assert "Nothing to break down" in page
    assert "0&nbsp;s" not in page


def test_the_figures_of_this_quarter_stand_with_their_n() -> None:
    project = make_project()
    resolved(project, days_ago=0, seconds=60)
    resolved(project, days_ago=0, seconds=120)
    response = signed_in(project).get("/metrics/")
    figures = response.context["page"].compared.now
    assert (figures.incidents, figures.detect.mean, figures.resolve.n) == (2, pytest.approx(90), 2)
    page = response.content.decode().replace("\u00a0", " ")
    assert "1 min 30 s" in page
    assert "<dt>n</dt><dd>2</dd>" in page


def test_it_is_faster_than_last_quarter_only_where_both_were_measured() -> None:
    project = make_project()
    resolved(project, days_ago=0, seconds=60)
    client = signed_in(project)
    assert "than last quarter" not in client.get("/metrics/").content.decode()
    before = client.get("/metrics/").context["page"].compared.period.since - timedelta(days=1)
    resolved(project, days_ago=(timezone.now() - before).total_seconds() / 86_400, seconds=600)
    assert "Faster to detect and resolve than last quarter" in client.get("/metrics/").content.decode()
    earlier = client.get("/metrics/?quarter=" + client.get("/metrics/").context["page"].choices[1].name)
    assert "than last quarter" not in earlier.content.decode()
    assert "1 incident" in earlier.content.decode().replace("\u00a0", " ")


@pytest.mark.parametrize("query", ["?quarter=2026", "?quarter=2999-Q1", "?quarter=1999-Q4", "?by=colour"])
def test_what_there_is_not_is_not_found(query: str) -> None:
    client = signed_in(make_project())
    assert client.get(f"/metrics/{query}").status_code == 404
    assert client.get(f"/metrics/metrics.csv{query}").status_code == 404


def test_a_tab_is_a_fragment_of_the_same_page() -> None:
    project = make_project()
    make_incident(project=project, detected_at=timezone.now(), leak_class="spatial")
    client = signed_in(project)
    whole = client.get("/metrics/?by=class")
    part = client.get("/metrics/?by=class", headers={"HX-Request": "true"})
    assert "HX-Request" in whole.headers["Vary"]
    assert part.content.decode().strip().startswith('<section class="section" id="where"')
    assert part.content.decode().strip() in whole.content.decode()
    boosted = client.get("/metrics/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert "<html" in boosted.content.decode()


def test_names_that_senders_chose_are_text() -> None:
    project = make_project()
    make_incident(project=project, detected_at=timezone.now(), workflow=HOSTILE, rule=HOSTILE)
    make_workflow(project=project, name=HOSTILE + "2")
    make_run(project=project, workflow=HOSTILE + "2", session=None, now=timezone.now())
    client = signed_in(project)
    for by in ("workflow", "rule"):
        page = client.get(f"/metrics/?by={by}").content.decode()
        assert "<img" not in page
        assert "&lt;img src=x" in page
    assert 'style="' not in page


def test_a_workflow_that_nothing_could_be_judged_by_is_no_zero() -> None:
    project = make_project()
    make_workflow(project=project, name="export-history")
    make_run(project=project, workflow="export-history", session=None, now=timezone.now())
    page = signed_in(project).get("/metrics/").content.decode()
    assert "export-history" in page
    assert "no map, no identity" in page
    assert '<span class="unknown">not evaluated</span>' in page


def test_the_csv_has_numbers_and_empty_cells_and_no_formulas() -> None:
    project = make_project()
    resolved(project, days_ago=0, seconds=60, workflow="=HYPERLINK(1)")
    make_incident(project=project, detected_at=timezone.now(), workflow="chat")
    response = signed_in(project).get("/metrics/metrics.csv?by=workflow")
    rows = {row["workflow"]: row for row in csv.DictReader(io.StringIO(response.content.decode()))}
    assert list(rows) == ["'=HYPERLINK(1)", "chat", "(all)"]
    assert rows["'=HYPERLINK(1)"]["mttr_mean_s"] == "60.0"
    assert (rows["chat"]["mttr_mean_s"], rows["chat"]["mttr_n"]) == ("", "0")
    assert rows["(all)"]["incidents"] == "2"
    assert "attachment" in response.headers["Content-Disposition"]


def test_the_json_is_in_the_shape_of_the_api() -> None:
    project = make_project()
    make_incident(project=project, detected_at=timezone.now(), workflow="chat")
    body = signed_in(project).get("/metrics/metrics.json").json()
    assert set(body) == {"from", "to", "groups"}
    [group] = body["groups"]
    assert group["key"] == {"workflow": "chat"}
    assert group["mttr_seconds"] == {"mean": None, "median": None, "p90": None, "n": 0}
    assert group["mttd_seconds"]["n"] == 1


def test_nothing_of_another_project_is_counted() -> None:
    make_incident(project=make_project(), detected_at=timezone.now(), workflow="theirs")
    page = signed_in(make_project()).get("/metrics/").content.decode()
    assert "theirs" not in page
    assert "No incidents" in page


def queries(incidents: int, django_assert_max_num_queries: Any) -> int:
    project = make_project()
    for index in range(incidents):
        make_incident(project=project, detected_at=timezone.now(), workflow=f"w-{index}")
    client = signed_in(project)
    client.get("/metrics/")
    with django_assert_max_num_queries(25) as seen:
        client.get("/metrics/")
    return len(seen)


def test_two_and_twenty_incidents_take_the_same_queries(django_assert_max_num_queries: Any) -> None:
    assert queries(2, django_assert_max_num_queries) == queries(20, django_assert_max_num_queries)
