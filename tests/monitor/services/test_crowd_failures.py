"""What may go wrong while a crowd is judged: a killed worker, a run that cannot be reported, events in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.detection.people import project as people
from monitor.detection.people.findings import Reporter
from monitor.models import Anomaly, CrowdWork, Project, RuleFailure, Run
from monitor.queries import status
from monitor.services import crowd, crowd_facts, crowd_memory, crowd_verdicts
from tests.detection.people_worlds import Traits, World
from tests.factories import NOW, make_project
from tests.monitor.services.crowds import judged_events, settle_all, stored
from tests.monitor.services.story import post, settle

WORLD = World.of(3, 24, Traits(leak="cache", people=18))
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def test_a_worker_killed_before_the_end_leaves_all_due(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    post(project, WORLD.events)
    settle()
    due = set(CrowdWork.objects.values_list("id", flat=True))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(crowd_verdicts, "refresh", die)
        with pytest.raises(KeyboardInterrupt):
            crowd.judge_crowds(now=NOW)
    assert set(CrowdWork.objects.values_list("id", flat=True)) == due
    known = set(Anomaly.objects.values_list("id", flat=True))
    settle_all()
    assert set(Anomaly.objects.values_list("id", flat=True)) == known
    assert stored(project) == judged_events(WORLD.events, {})


def test_a_run_that_cannot_be_reported_is_recorded_and_hides_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = judged_events(WORLD.events, {})
    broken = min(key[1] for key in want)
    real = Reporter.report

    def report(self: Reporter, key: Any) -> Any:
        if key[1] == broken:
            raise RecursionError
        return real(self, key)

    post(project, WORLD.events)
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "report", report)
        settle_all()
    assert stored(project) == {key: row for key, row in want.items() if key[1] != broken}
    failure = RuleFailure.objects.get()
    assert (failure.rule, failure.run.run_id, failure.error) == ("foreign-value", broken, "RecursionError")
    crowd.due(project_id=project.pk, run_pks=[failure.run_id], now=LATER)
    crowd.judge_crowds(now=LATER)
    assert stored(project) == want
    assert not RuleFailure.objects.exists()


def test_a_crowd_that_cannot_be_judged_is_tried_again_later(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(project, WORLD.events[:8])
    settle()
    with monkeypatch.context() as patch:
        patch.setattr(people.CrowdJudgement, "__init__", lambda *a: 1 / 0)
        assert crowd.judge_crowds(now=NOW) == 1
        assert status.pipeline(project, now=NOW).failing_runs == Run.objects.count()
    assert set(CrowdWork.objects.values_list("failures", "last_error")) == {(1, "ZeroDivisionError")}
    settle_all()
    assert status.pipeline(project, now=NOW).failing_runs == 0


def test_a_run_that_changed_meanwhile_is_left_to_the_next_pass(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(project, WORLD.events)
    settle()
    real = crowd_verdicts.apply

    def apply(**named: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(crowd_verdicts, "apply", real)
            crowd.due(project_id=project.pk, run_pks=[named["run_pk"]], now=NOW)
        real(**named)

    with monkeypatch.context() as patch:
        patch.setattr(crowd_verdicts, "apply", apply)
        crowd.judge_crowds(now=NOW)
    assert stored(project) == {}
    assert CrowdWork.objects.count() == len({key[1] for key in judged_events(WORLD.events, {})})
    settle_all()
    assert stored(project) == judged_events(WORLD.events, {})


def test_events_that_come_after_a_run_was_read_are_left_to_the_next_pass(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    victims = {key[1] for key in judged_events(WORLD.events, {})}
    last = {one.run_id: one for one in sorted(WORLD.events, key=lambda one: one.occurred_at)}
    late = [last[run_id] for run_id in sorted(victims)]
    early = [one for one in WORLD.events if one not in late]
    assert judged_events(early, {})
    post(project, early)
    settle()
    real = crowd_facts.gather

    def gather(*arguments: Any) -> Any:
        post(project, late)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(crowd_facts, "gather", gather)
        patch.setattr(crowd_memory, "KEPT_VIEWS_BYTES", 0)
        assert crowd.judge_crowds(now=NOW) == 1
    assert stored(project) == judged_events(early, {})
    settle_all()
    assert stored(project) == judged_events(WORLD.events, {})
