"""Wherever two workers can meet, two connections are made to meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.models import Anomaly, Event, Incident, Notification, Project
from monitor.queries.events import as_event
from monitor.services import attach, judging
from tests.factories import make_channel, make_project
from tests.monitor.services.meeting import at_once, judge_one, meeting
from tests.monitor.services.story import event, judged, leak, pending, post, settle, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return make_project()


def test_of_two_workers_on_one_run_one_judges_it(project: Project) -> None:
    make_channel(project=project)
    post(project, leak())
    at_once(settle, settle)
    settle()
    assert told(project) == judged(_same(project))
    assert (Anomaly.objects.count(), Incident.objects.count(), Notification.objects.count()) == (1, 1, 1)


def _same(project: Project) -> list[Any]:
    return [as_event(row) for row in Event.objects.filter(project=project)]


def test_two_connections_that_open_one_group_open_one_incident(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_channel(project=project)
    post(project, [*leak("r-2"), *leak("r-3")[2:]])
    judge_one(project, "r-1")()
    with meeting(monkeypatch, attach, "_locked", after=True):
        at_once(judge_one(project, "r-2"), judge_one(project, "r-3"))
    settle()
    incident = Incident.objects.get()
    assert (incident.number, incident.anomaly_count, incident.run_count, incident.session_count) == (1, 2, 2, 1)
    assert Notification.objects.count() == 1
    assert pending() == 0


def test_two_connections_that_open_two_groups_get_two_numbers(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(
        project,
        [
            event("r-2", 1, "s-1", session="s-2"),
            event("r-3", 1, context={"tenant_id": "t-1"}, tenant="t-3"),
        ],
    )
    with meeting(monkeypatch, attach, "_locked", after=True):
        at_once(judge_one(project, "r-2"), judge_one(project, "r-3"))
    settle()
    assert sorted(Incident.objects.values_list("number", flat=True)) == [1, 2]


def test_a_source_and_its_victim_judged_at_once_find_each_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = leak()
    post(project, events)
    with meeting(monkeypatch, judging, "_ripple", after=True):
        at_once(judge_one(project, "r-1"), judge_one(project, "r-2"))
    settle()
    assert told(project) == judged(events)
    assert Anomaly.objects.get().source_run_id == "r-1"


def test_a_source_that_goes_on_while_its_victim_is_judged_has_the_right_class(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, goes_on = leak()[:2], event("r-1", 60, "s-1", session="s-1")
    post(project, first)
    settle()
    post(project, [goes_on, *leak()[2:]])
    with meeting(monkeypatch, judging, "_ripple", after=True):
        at_once(judge_one(project, "r-1"), judge_one(project, "r-2"))
    settle()
    assert told(project) == judged(_same(project))
    assert Anomaly.objects.get().leak_class == "spatial"


def test_a_parent_and_its_child_judged_at_once_know_each_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        event("r-parent", 0, "s-parent", session="s-parent"),
        event("r-child", 1, "s-parent", session="s-child", parent_run_id="r-parent"),
    ]
    post(project, events)
    with meeting(monkeypatch, judging, "_ripple", after=True):
        at_once(judge_one(project, "r-parent"), judge_one(project, "r-child"))
    settle()
    assert told(project) == judged(events) == set()
    assert not Incident.objects.filter(withdrawn_at=None).exists()


def test_many_workers_on_a_tangle_of_victims_end_in_the_same(project: Project) -> None:
    make_channel(project=project)
    events = leak()
    for number in range(3, 15):
        parent = {"parent_run_id": f"r-{number - 1}"} if number % 4 == 0 else {}
        events += [
            event(f"r-{number}", number, f"s-{number}", session=f"s-{number}", **parent),
            event(f"r-{number}", number + 1.5, f"s-{number - 1}", session=f"s-{number}", step="Pay", **parent),
            event(f"r-{number}", number + 30, f"s-{number}", session=f"s-{number}", final=True, **parent),
        ]
    batches = [events[place::5] for place in range(5)]

    def send_and_judge(batch: list[Any]) -> Callable[[], object]:
        def work() -> None:
            for one in batch:
                post(project, [one])
                settle()

        return work

    at_once(*map(send_and_judge, batches))
    settle()
    assert pending() == 0
    assert told(project) == judged(events)
    for incident in Incident.objects.filter(withdrawn_at=None):
        rows = Anomaly.objects.filter(incident=incident)
        assert incident.anomaly_count == rows.count()
        assert incident.run_count == rows.values("run").distinct().count() == incident.affected.count()
    opened = Notification.objects.filter(kind="incident.opened")
    assert opened.count() == opened.values("incident").distinct().count()
