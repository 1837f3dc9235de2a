"""foreign-value in the database: judged over all runs of a project, exactly, isolated, safely, and seldom."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.models import (
    Anomaly,
    Crowd,
    CrowdWork,
    Incident,
    Notification,
    Project,
    Run,
    RunFacts,
    Work,
)
from monitor.queries import status
from monitor.services import crowd, crowd_facts, crowd_memory
from tests.detection.people_worlds import Traits, World
from tests.detection.samples import map_texts, scenario, scenario_names
from tests.factories import NOW, make_channel, make_project
from tests.monitor.services.crowds import judged, judged_events, settle_all, stored, tell_in_pieces
from tests.monitor.services.story import post, settle
from tests.monitor.services.streams import differences, put_maps

WORLD = World.of(3, 24, Traits(leak="cache", people=18))
LABELLED = [
    name
    for name in scenario_names()
    if any(a["rule"] == "foreign-value" for a in scenario(name).expected["anomalies"])
]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


@pytest.mark.parametrize("name", [*LABELLED, "celery-canvas-clean", "stageflow-adversarial-clean"])
def test_a_recording_in_any_order_and_pieces_ends_as_the_pure_core_says(project: Project, name: str) -> None:
    sample = scenario(name)
    put_maps(project, map_texts(name))
    tell_in_pieces(project, sample.events, random.Random(name))
    assert differences(stored(project), judged(sample)) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_world_ends_the_same_from_scratch_and_from_memory(project: Project, seed: int) -> None:
    tell_in_pieces(project, WORLD.events, random.Random(seed))
    known = stored(project)
    assert known == judged_events(WORLD.events, {})
    assert known
    crowd_memory._memories.clear()
    Anomaly.objects.filter(rule="foreign-value").delete()
    crowd.due(project_id=project.pk, run_pks=[Run.objects.earliest("id").pk], now=LATER)
    crowd.judge_crowds(now=LATER)
    assert stored(project) == known


def test_what_is_foreign_opens_an_incident_and_alerts(project: Project) -> None:
    make_channel(project=project)
    post(project, WORLD.events)
    settle_all()
    incident = Incident.objects.filter(rule="foreign-value").earliest("id")
    assert incident.anomaly_count == Anomaly.objects.filter(incident=incident).count() > 0
    assert Notification.objects.filter(incident=incident, kind="incident.opened").count() == 1


def test_late_events_withdraw_what_they_disprove(project: Project) -> None:
    world = World.of(1, 40, Traits(gifts=0.3, leak="cache"))
    events = sorted(world.events, key=lambda one: one.occurred_at)
    post(project, events[:60])
    settle_all()
    early = stored(project)
    assert early == judged_events(events[:60], {})
    post(project, events[60:])
    settle_all()
    assert stored(project) == judged_events(events, {})
    assert early.keys() - stored(project).keys()


def test_a_judgement_of_a_run_and_one_of_the_crowd_leave_each_other_s_anomalies(project: Project) -> None:
    post(project, WORLD.events)
    settle_all()
    known = set(Anomaly.objects.values_list("id", flat=True))
    Work.objects.bulk_create(
        Work(project=project, run=run, reason="dependency", created_at=NOW, not_before=NOW)
        for run in Run.objects.all()
    )
    settle_all()
    crowd.due(project_id=project.pk, run_pks=Run.objects.values_list("id", flat=True), now=NOW)
    settle_all()
    assert set(Anomaly.objects.values_list("id", flat=True)) == known


def test_the_same_values_in_two_projects_never_meet(project: Project) -> None:
    other = make_project()
    runs = sorted({one.run_id for one in WORLD.events})
    post(project, [one for one in WORLD.events if one.run_id in runs[::2]])
    post(other, [one for one in WORLD.events if one.run_id in runs[1::2]])
    settle_all()
    for one, part in ((project, runs[::2]), (other, runs[1::2])):
        assert stored(one) == judged_events([event for event in WORLD.events if event.run_id in part], {})


def test_nothing_due_costs_one_query(project: Project, django_assert_num_queries: Any) -> None:
    post(project, WORLD.events)
    settle_all()
    with django_assert_num_queries(1):
        assert crowd.judge_crowds(now=LATER) == 0


def test_after_a_pass_a_project_rests(project: Project) -> None:
    post(project, WORLD.events[:8])
    settle()
    assert crowd.judge_crowds(now=NOW) == 1
    row = Crowd.objects.get()
    assert row.next_at >= NOW + timedelta(seconds=max(1.0, 4 * row.seconds) - 0.001)
    post(project, WORLD.events[8:16])
    settle()
    assert crowd.judge_crowds(now=NOW) == 0
    assert crowd.judge_crowds(now=row.next_at) == 1


def test_the_status_is_settled_only_once_the_crowd_has_been_judged(project: Project) -> None:
    post(project, WORLD.events)
    settle()
    told = status.pipeline(project, now=NOW + timedelta(seconds=3))
    assert (told.pending_events, told.oldest_pending_seconds) == (CrowdWork.objects.count(), 3.0)
    settle_all()
    assert status.pipeline(project, now=NOW).pending_events == 0


def test_only_what_changed_is_read_and_stored_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    post(project, WORLD.events[:-1])
    settle_all()
    before = dict(RunFacts.objects.values_list("run_id", "digest"))
    asked: list[int] = []
    real = crowd_facts.read
    monkeypatch.setattr(crowd_facts, "read", lambda *a: asked.extend(a[2]) or real(*a))
    post(project, WORLD.events[-1:])
    settle_all()
    changed = Run.objects.get(run_id=WORLD.events[-1].run_id)
    assert set(asked) == {changed.pk}
    after = dict(RunFacts.objects.values_list("run_id", "digest"))
    assert {pk for pk in after if after[pk] != before.get(pk)} == {changed.pk}


def test_runs_that_fell_out_of_the_window_keep_their_verdicts(project: Project, settings: Any) -> None:
    post(project, WORLD.events)
    settle_all()
    known = stored(project)
    settings.CROWD_RUNS = 10
    last = max(one.occurred_at for one in WORLD.events)
    post(
        project,
        [
            replace(
                WORLD.events[0],
                event_id=f"n-{n}",
                run_id=f"n-{n}",
                session=f"n-{n}",
                context={"n": n},
                occurred_at=last,
            )
            for n in range(12)
        ],
    )
    settle_all()
    assert stored(project) == known
    assert RunFacts.objects.filter(first_at__isnull=False).count() < 24


def test_a_source_outside_the_window_still_proves_the_leak_within(project: Project, settings: Any) -> None:
    post(project, WORLD.events)
    settle_all()
    known = stored(project)
    newest = RunFacts.objects.order_by("-first_at", "-run").values_list("run_id", flat=True)
    victims = list(Anomaly.objects.filter(rule="foreign-value").values_list("run_id", flat=True))
    settings.CROWD_RUNS = max(10, max(list(newest).index(pk) for pk in victims) + 1)
    crowd.due(project_id=project.pk, run_pks=victims, now=LATER)
    crowd.judge_crowds(now=LATER)
    assert stored(project).keys() == known.keys()


def test_a_run_without_a_session_is_never_due(project: Project) -> None:
    event = replace(WORLD.events[0], session=None, context={"name": "Ann"})
    post(project, [event])
    settle()
    assert not CrowdWork.objects.exists()
