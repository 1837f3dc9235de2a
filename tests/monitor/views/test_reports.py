"""The list of reports and a quarter's report."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitor.metrics.periods import Quarter
from monitor.models import Project
from tests.factories import make_incident, make_postmortem, make_project, make_run, make_user, make_workflow

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror="alert(1)">'


def signed_in(project: Project, role: str = "viewer") -> Client:
    client = Client()
    client.force_login(make_user(project=project, role=role))
    return client


def present() -> str:
    return Quarter.of(timezone.now(), timezone.get_default_timezone()).name


def test_quarters_with_incidents_are_listed_and_the_present_one_always() -> None:
    project = make_project()
    make_incident(project=project, detected_at=timezone.now() - timedelta(days=400))
    response = signed_in(project).get("/reports/")
    listed = [line.quarter.name for line in response.context["lines"]]
    assert len(listed) == 2
    assert listed[0] == present()
    assert f'href="/reports/{listed[1]}/"' in response.content.decode()


def test_a_quarter_without_anything_says_so() -> None:
    page = signed_in(make_project()).get(f"/reports/{present()}/").content.decode()
    assert "No incidents in " in page
    assert "no workflow ran, so there was nothing to judge" in page
    assert "Everything: no workflow ran" in page
    assert "No workflow had an incident." in page


def test_a_report_tells_the_worst_first_with_links() -> None:
    project, now = make_project(), timezone.now()
    make_incident(project=project, detected_at=now, severity="warning", run_count=900, title="small")
    make_incident(project=project, detected_at=now, severity="critical", run_count=3, title="big")
    make_incident(project=project, detected_at=now, severity="critical", run_count=30, title="bigger")
    make_incident(project=project, detected_at=now, severity="critical", status="false_positive", title="none")
    response = signed_in(project).get(f"/reports/{present()}/")
    assert [incident.title for incident in response.context["report"].worst] == ["bigger", "big", "small"]
    page = response.content.decode()
    assert '<a href="/incidents/INC-3/">INC-3</a>' in page
    assert "1\u00a0false positive, in none of these figures." in page


def test_a_report_tells_what_was_learned_and_what_is_overdue() -> None:
    project, now = make_project(), timezone.now()
    incident = make_incident(project=project, detected_at=now, status="resolved", resolved_at=now, resolved_by="N")
    make_incident(project=project, detected_at=now, status="resolved", resolved_at=now, resolved_by="N")
    published: dict[str, Any] = {"status": "published", "published_at": now, "published_by": "Nada"}
    postmortem = make_postmortem(project=project, incident=incident, now=now, title="Learned", **published)
    make_postmortem(project=project, now=now, title="Still writing")
    postmortem.actions.create(text="Write the test", due=(now - timedelta(days=3)).date())
    postmortem.actions.create(text="Some day", due=date(2999, 1, 1))
    postmortem.actions.create(text="Done already", due=date(2020, 1, 1), done_at=now)
    response = signed_in(project).get(f"/reports/{present()}/")
    report = response.context["report"]
    assert [each.title for each in report.published] == ["Learned"]
    assert [each.title for each in report.drafts] == ["Still writing"]
    assert [each.action.text for each in report.actions] == ["Write the test", "Some day"]
    assert (report.overdue, report.without_postmortem) == (1, 1)
    assert "overdue 3\u00a0days" in response.content.decode()


def test_a_report_tells_what_could_not_be_judged() -> None:
    project = make_project()
    for name, session in (("known", "s-1"), ("nameless", None)):
        make_workflow(project=project, name=name)
        make_run(project=project, workflow=name, session=session, now=timezone.now())
    make_workflow(project=project, name="idle")
    blind = signed_in(project).get(f"/reports/{present()}/").context["report"].blind
    assert [(each.workflow, each.why) for each in blind] == [
        ("known", "no map"),
        ("nameless", "no map, no identity"),
    ]
    assert "foreign-session" in blind[1].rules
    assert "foreign-session" not in blind[0].rules
    assert "uncleared-field" in blind[0].rules


@pytest.mark.parametrize("quarter", ["2999-Q1", "2026-Q5", "1999-Q4", "x"])
def test_no_such_quarter_is_not_found(quarter: str) -> None:
    assert signed_in(make_project()).get(f"/reports/{quarter}/").status_code == 404


def test_what_senders_wrote_is_text() -> None:
    project = make_project()
    make_incident(project=project, detected_at=timezone.now(), title=HOSTILE, workflow=HOSTILE)
    page = signed_in(project).get(f"/reports/{present()}/").content.decode()
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert 'style="' not in page


def queries(many: int, django_assert_max_num_queries: Any) -> int:
    project, now = make_project(), timezone.now()
    for index in range(many):
        incident = make_incident(project=project, detected_at=now, workflow=f"w-{index}")
        make_postmortem(project=project, incident=incident, now=now).actions.create(text="x")
        make_workflow(project=project, name=f"w-{index}")
        make_run(project=project, workflow=f"w-{index}", now=now)
    client = signed_in(project)
    client.get(f"/reports/{present()}/")
    with django_assert_max_num_queries(30) as seen:
        client.get(f"/reports/{present()}/")
    return len(seen)


def test_two_and_twenty_of_everything_take_the_same_queries(django_assert_max_num_queries: Any) -> None:
    assert queries(2, django_assert_max_num_queries) == queries(20, django_assert_max_num_queries)


def test_the_list_takes_the_same_queries_for_two_and_twenty_quarters(django_assert_max_num_queries: Any) -> None:
    counts = []
    for quarters in (2, 20):
        project = make_project()
        for index in range(quarters):
            make_incident(project=project, detected_at=timezone.now() - timedelta(days=92 * index))
        client = signed_in(project)
        client.get("/reports/")
        with django_assert_max_num_queries(20) as seen:
            client.get("/reports/")
        counts.append(len(seen))
    assert counts[0] == counts[1]
