"""Two workers that meet over a crowd, each with a connection of its own."""

from __future__ import annotations

import pytest
from django.db import connection

from monitor.models import Anomaly, Crowd, CrowdWork, Incident, Notification, Project, Run, Work
from monitor.services import attach, crowd, crowd_pass
from tests.detection.people_worlds import Traits, World
from tests.factories import NOW, make_channel, make_project
from tests.monitor.services.crowds import judged_events, settle_all, stored
from tests.monitor.services.meeting import at_once, judge_one, meeting
from tests.monitor.services.story import post, settle

pytestmark = pytest.mark.django_db(transaction=True)
WORLD = World.of(3, 24, Traits(leak="cache", people=18))


@pytest.fixture
def project() -> Project:
    return make_project()


def test_of_two_workers_on_one_crowd_one_judges_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make_channel(project=project)
    post(project, WORLD.events)
    settle()
    with meeting(monkeypatch, crowd_pass, "judge"):
        passes = at_once(lambda: crowd.judge_crowds(now=NOW), lambda: crowd.judge_crowds(now=NOW))
    assert sorted(passes) == [0, 1]
    settle_all()
    assert stored(project) == judged_events(WORLD.events, {})
    incidents = Incident.objects.filter(rule="foreign-value")
    assert incidents.count() == Notification.objects.filter(incident__in=incidents).count() > 0


def test_two_crowds_are_judged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [make_project(), make_project()]
    for one in projects:
        post(one, WORLD.events)
    settle()
    with meeting(monkeypatch, crowd_pass, "judge"):
        at_once(*(lambda: crowd.judge_crowds(now=NOW, limit=2) for _ in projects))
    assert Crowd.objects.count() == 2
    settle_all()
    assert stored(projects[0]) == stored(projects[1]) == judged_events(WORLD.events, {})


def test_a_victim_judged_while_the_crowd_is_ends_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(project, WORLD.events)
    settle()
    victim = min(key[1] for key in judged_events(WORLD.events, {}))
    run = Run.objects.get(run_id=victim)
    Work.objects.create(project=project, run=run, reason="dependency", created_at=NOW, not_before=NOW)
    with meeting(monkeypatch, attach, "_locked", after=True):
        at_once(judge_one(project, victim), lambda: crowd.judge_crowds(now=NOW))
    settle_all()
    assert stored(project) == judged_events(WORLD.events, {})


def test_a_connection_that_is_lost_frees_the_crowd(project: Project) -> None:
    """As a killed worker's is: the lock ends with it, and the rows are still due."""
    post(project, WORLD.events)
    settle()

    def take() -> object:
        alone = crowd._alone(project.pk)
        free = alone.__enter__()
        connection.close()
        return free

    assert at_once(take) == [True]
    assert CrowdWork.objects.exists()
    assert crowd.judge_crowds(now=NOW) == 1
    assert Anomaly.objects.filter(rule="foreign-value").exists()
