"""Which anomalies are one incident, and what comes back after its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.models import Incident, IncidentLog, Notification, Project
from monitor.services import incidents
from monitor.services.actor import Actor
from tests.factories import NOW, make_channel, make_project
from tests.monitor.services.story import event, found, leak, tell

ANN = Actor(label="Ann")
FOREIGN = ("foreign-session", "r-2", "$.session_id", "temporal", "r-1", None)


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def only_incident() -> Incident:
    return Incident.objects.get(withdrawn_at=None)


def test_one_problem_of_many_runs_is_one_incident(project: Project) -> None:
    events = leak()
    for number in range(3, 14):
        events += [
            event(f"r-{number}", number, f"s-{number}", session=f"s-{number}", tenant=f"t-{number % 3}"),
            event(f"r-{number}", number + 0.5, "s-1", session=f"s-{number}", step="Pay"),
        ]
    tell(project, events)
    incident = only_incident()
    assert (incident.anomaly_count, incident.run_count, incident.session_count, incident.tenant_count) == (
        12, 12, 12, 3,
    )  # fmt: skip
    assert incident.affected.count() == 12
    spread = IncidentLog.objects.filter(kind="spread").order_by("id")
    assert [line.data["runs"] for line in spread] == [2, 5, 10]


def test_list_elements_are_one_problem_and_other_paths_are_not(project: Project) -> None:
    items = [{"session_id": "s-9"}, {"session_id": "s-8"}]
    tell(project, [event("r-1", 1, context={"items": items, "cart": {"session_id": "s-7"}}, session="s-1")])
    assert {(one.path, one.anomaly_count) for one in Incident.objects.all()} == {
        ("$.items[*].session_id", 2),
        ("$.cart.session_id", 1),
    }
    assert sorted(one.number for one in Incident.objects.all()) == [1, 2]


def test_projects_do_not_see_each_other(project: Project) -> None:
    other = make_project()
    tell(project, leak()[:2])
    tell(other, leak()[2:])
    assert found(other) == {("foreign-session", "r-2", "$.session_id", "unknown", None, None)}
    assert Incident.objects.get().project == other


def test_a_new_victim_soon_after_the_end_reopens(project: Project) -> None:
    make_channel(project=project)
    tell(project, leak())
    incidents.resolve(incident=only_incident(), by=ANN, now=NOW)
    tell(project, leak("r-3")[2:], now=NOW + timedelta(days=6))
    incident = only_incident()
    assert (incident.status, incident.resolved_at, incident.reopened, incident.run_count) == ("open", None, 1, 2)
    assert [line.kind for line in incident.log.order_by("id")] == ["opened", "resolved", "spread", "reopened"]
    kinds = Notification.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["incident.opened", "incident.resolved", "incident.reopened"]


def test_a_new_victim_long_after_the_end_is_a_new_incident(project: Project) -> None:
    tell(project, leak())
    incidents.resolve(incident=only_incident(), by=ANN, now=NOW)
    tell(project, leak("r-3")[2:], now=NOW + timedelta(days=8))
    assert list(Incident.objects.order_by("number").values_list("number", "status", "run_count")) == [
        (1, "resolved", 1),
        (2, "open", 1),
    ]


def test_a_run_that_is_in_it_already_does_not_reopen_it(project: Project) -> None:
    make_channel(project=project)
    tell(project, leak())
    incidents.resolve(incident=only_incident(), by=ANN, now=NOW)
    tell(project, [event("r-2", 9, "s-1", session="s-2", step="Pay")])
    incident = only_incident()
    assert (incident.status, incident.anomaly_count) == ("resolved", 2)
    assert incident.log.order_by("id").last().kind == "late"
    assert Notification.objects.count() == 2


@pytest.mark.parametrize(("act", "line"), [("mark_false_positive", "recurred"), ("mark_known", "spread")])
def test_what_is_known_or_false_takes_new_runs_without_an_alert(project: Project, act: str, line: str) -> None:
    make_channel(project=project)
    tell(project, leak())
    marked = getattr(incidents, act)(incident=only_incident(), by=ANN, now=NOW)
    tell(project, leak("r-3")[2:], now=NOW + timedelta(days=30))
    incident = only_incident()
    assert (incident.status, incident.run_count) == (marked.status, 2)
    assert line in {row.kind for row in incident.log.all()}
    assert Notification.objects.count() == 1
