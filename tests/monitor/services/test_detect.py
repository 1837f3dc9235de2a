"""From stored events to anomalies and incidents, told as timelines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from monitor.detection.holdings import fingerprint
from monitor.detection.runs import Run as RunBehind
from monitor.models import Anomaly, CrowdWork, Event, Incident, Notification, Project, Run, RunValues, Work
from monitor.services import attach, calm_rows, cases, detect, incidents, judging
from monitor.services.actor import Actor
from tests.factories import NOW, make_channel, make_project, make_user
from tests.monitor.services.story import event, found, judged, leak, pending, post, settle, tell, told

ANN = Actor(label="Ann")
FOREIGN = ("foreign-session", "r-2", "$.session_id", "temporal", "r-1", None)


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def only_incident() -> Incident:
    return Incident.objects.get(withdrawn_at=None)


def test_a_leak_becomes_an_anomaly_an_incident_and_an_alert(project: Project) -> None:
    make_channel(project=project)
    tell(project, leak())
    assert found(project) == {FOREIGN}
    incident = only_incident()
    assert (incident.key, incident.status, incident.severity, incident.leak_class) == (
        "INC-1", "open", "critical", "temporal",
    )  # fmt: skip
    assert (incident.anomaly_count, incident.run_count, incident.session_count) == (1, 1, 1)
    assert incident.title == Anomaly.objects.get().message
    assert "r-1" in incident.title
    assert [line.kind for line in incident.log.all()] == ["opened"]
    assert Notification.objects.get().kind == "incident.opened"
    assert pending() == 0


def test_a_run_knows_itself_once_it_is_judged(project: Project) -> None:
    tell(project, leak())
    run = Run.objects.get(run_id="r-1")
    assert (run.session, run.asserted_session, run.event_count) == ("s-1", "s-1", 2)
    assert (run.ended, run.status) == (True, "ok")
    assert run.first_at is not None
    assert run.last_at is not None
    assert (run.last_at - run.first_at, run.judged_at) == (timedelta(seconds=1), NOW)
    assert fingerprint("s-1", project.uuid.bytes) in RunValues.objects.get(run=run).values


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 3, 0, 1), (3, 0, 2, 1), (1, 3, 0, 2)])
def test_any_order_of_arrival_ends_in_the_same(project: Project, order: tuple[int, ...]) -> None:
    events = leak()
    for place in order:
        tell(project, [events[place]])
        tell(project, [events[place]])
    assert told(project) == judged(events)
    assert only_incident().title == Anomaly.objects.get().message
    assert pending() == 0


def test_the_source_is_named_once_it_arrives(project: Project) -> None:
    owner, victim = leak()[:2], leak()[2:]
    tell(project, victim)
    assert found(project) == {("foreign-session", "r-2", "$.session_id", "unknown", None, None)}
    before = Anomaly.objects.get()
    assert tell(project, owner) == 2, "the owner, and the victim once more"
    assert found(project) == {FOREIGN}
    after = Anomaly.objects.get()
    assert (after.pk, after.uuid, after.detected_at) == (before.pk, before.uuid, before.detected_at)
    incident = only_incident()
    assert (incident.leak_class, incident.title) == ("temporal", after.message)


def test_a_source_that_turns_out_to_be_still_at_work_changes_the_class(project: Project) -> None:
    tell(project, leak())
    later = event("r-1", 60, "s-1", session="s-1")
    assert tell(project, [later]) == 2
    assert found(project) == {("foreign-session", "r-2", "$.session_id", "spatial", "r-1", None)}
    assert only_incident().leak_class == "spatial"
    assert tell(project, [event("r-1", 61, "s-1", session="s-1")]) == 1, "the class stands: only the run itself"


def test_a_live_source_does_not_judge_its_victims_again_and_again(project: Project) -> None:
    tell(project, [event("r-1", 0, "s-1", session="s-1"), event("r-2", 1, "s-1", session="s-2")])
    assert tell(project, [event("r-1", 2, "s-1", session="s-1")]) == 2
    for second in range(3, 8):
        assert tell(project, [event("r-1", second, "s-1", session="s-1")]) == 1
        assert tell(project, [event("r-2", second, "s-1", session="s-2", step=f"Step{second}")]) == 1
    assert only_incident().anomaly_count == 6


def test_what_later_events_disprove_is_withdrawn_with_its_incident(project: Project) -> None:
    """The child's session is its parent's own: only the parent's late assertion can say so."""
    make_channel(project=project)
    child = event("r-child", 5, "s-parent", session="s-child", parent_run_id="r-parent")
    tell(project, [child])
    assert {rule for rule, *_ in found(project)} == {"foreign-session"}
    tell(project, [event("r-parent", 0, "s-parent", session="s-parent")])
    assert found(project) == set()
    incident = Incident.objects.get()
    assert (incident.withdrawn_at, incident.anomaly_count, incident.run_count) == (NOW, 0, 0)
    assert [line.kind for line in incident.log.order_by("id")] == ["opened", "withdrawn"]


def test_a_late_relative_acquits_also_where_its_value_cannot_be_compared(project: Project) -> None:
    """The parent's session is plain, the child's context holds fingerprints: nothing follows."""
    child = event("r-child", 5, "fp:1", session="fp:2", parent_run_id="r-parent")
    parent = event("r-parent", 0, session="s-parent")
    tell(project, [child])
    assert found(project)
    tell(project, [parent])
    assert told(project) == judged([child, parent]) == set()


def test_what_was_known_of_a_relative_and_no_longer_is_judges_it_again(project: Project) -> None:
    """An earlier event asserts another session for the parent: the child's is foreign after all."""
    events = [
        event("r-parent", 2, session="s-parent"),
        event("r-child", 5, "s-parent", session="s-child", parent_run_id="r-parent"),
        event("r-parent", 0, tenant="t-1", execution_id="x-1"),
        event("r-parent", 1, session="s-other", execution_id="x-1"),
    ]
    for one in events:
        tell(project, [one])
    assert told(project) == judged(events)


def test_a_withdrawn_incident_returns_under_its_number(project: Project) -> None:
    tell(project, [event("r-child", 5, "s-parent", session="s-child", parent_run_id="r-parent")])
    tell(project, [event("r-parent", 0, "s-parent", session="s-parent")])
    later = NOW + timedelta(minutes=1)
    tell(project, leak(), now=later)
    incident = Incident.objects.get()
    assert (incident.number, incident.withdrawn_at, incident.run_count) == (1, None, 1)
    assert incident.detected_at == later
    assert [line.kind for line in incident.log.order_by("id")] == ["opened", "withdrawn", "returned"]


def test_an_incident_that_somebody_acted_on_is_not_withdrawn(project: Project) -> None:
    tell(project, [event("r-child", 5, "s-parent", session="s-child", parent_run_id="r-parent")])
    incidents.add_note(
        incident=only_incident(), by=Actor.of_user(make_user(project=project)), now=NOW, note="looking"
    )
    tell(project, [event("r-parent", 0, "s-parent", session="s-parent")])
    incident = only_incident()
    assert (incident.status, incident.anomaly_count) == ("open", 0)
    assert incident.log.order_by("id").last().kind == "disproved"


def test_a_run_that_cannot_be_judged_does_not_stop_the_others(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cases.judge_runs

    def broken(runs: Sequence[RunBehind], **arguments: Any) -> object:
        if runs[0].run_id == "r-broken":
            raise ZeroDivisionError("secret value")
        return real(runs, **arguments)

    monkeypatch.setattr(cases, "judge_runs", broken)
    tell(project, [event("r-broken", 0, "s-9"), *leak()])
    assert found(project) == {FOREIGN}
    row = Work.objects.get()
    assert (row.run.run_id, row.failures, row.last_error) == ("r-broken", 1, "ZeroDivisionError")
    assert row.not_before == NOW + timedelta(seconds=2)
    settle(now=NOW + timedelta(seconds=2))
    row.refresh_from_db()
    assert (row.failures, row.not_before) == (2, NOW + timedelta(seconds=6))
    monkeypatch.setattr(cases, "judge_runs", real)
    assert settle(now=NOW + timedelta(hours=1)) == 1
    assert pending() == 0


@pytest.mark.parametrize(
    ("room", "place"), [(judging, "compare"), (judging, "_ripple"), (judging, "_take_facts"), (calm_rows, "store")]
)
def test_a_worker_that_dies_leaves_all_or_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, room: ModuleType, place: str
) -> None:
    make_channel(project=project)
    post(project, leak())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(room, place, die)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                detect.judge_due(now=NOW, limit_runs=5)
    # The owner gives no cause for more, and was judged and stored whole before the victim is looked at.
    calm = {"r-1"} if room is judging else set()
    assert (Anomaly.objects.count(), Incident.objects.count()) == (0, 0)
    assert set(Run.objects.exclude(state=None).values_list("run_id", flat=True)) == calm
    assert set(RunValues.objects.values_list("run__run_id", flat=True)) == calm
    assert set(CrowdWork.objects.values_list("run__run_id", flat=True)) == calm
    assert set(Work.objects.values_list("run__run_id", flat=True)) == {"r-1", "r-2"} - calm
    settle()
    assert found(project) == {FOREIGN}
    assert Notification.objects.count() == 1


def test_a_passing_database_error_leaves_the_row_due(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    post(project, leak())

    def deadlock(*_: object, **__: object) -> None:
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as patch:
        patch.setattr(judging.locks, "take", deadlock)
        assert detect.judge_due(now=NOW, limit_runs=5) == 0
    assert not Work.objects.filter(failures__gt=0).exists()
    settle()
    assert found(project) == {FOREIGN}


def test_a_run_that_loses_every_race_is_put_off(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    post(project, leak()[:1])

    def race(*_: object, **__: object) -> None:
        raise attach.Raced

    with monkeypatch.context() as patch:
        patch.setattr(judging.locks, "take", race)
        assert detect.judge_due(now=NOW, limit_runs=5) == 1
    assert Work.objects.get().last_error == "Raced"
    settle(now=NOW + timedelta(seconds=2))
    assert pending() == 0


def test_judging_onwards_asks_the_same_few_queries_however_long_the_run(
    project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    tell(project, [event("r-1", second, "s-1", session="s-1") for second in range(50)])
    post(project, [event("r-1", 100, "s-1", session="s-1")])
    with django_assert_max_num_queries(15):
        assert detect.judge_due(now=NOW, limit_runs=5) == 1
    assert Run.objects.get().event_count == 51


def test_a_hundred_anomalies_cost_no_more_queries_than_one(
    project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    items = [{"session_id": f"s-{number}"} for number in range(100)]
    post(project, [event("r-1", 0, context={"items": items}, session="s-own")])
    with django_assert_max_num_queries(40):
        assert detect.judge_due(now=NOW, limit_runs=5) == 1
    assert Anomaly.objects.count() == 100
    assert Incident.objects.count() == 1


def test_an_event_of_another_project_with_the_same_run_id_is_another_run(project: Project) -> None:
    other = make_project()
    post(project, leak())
    post(other, leak())
    settle()
    assert found(project) == found(other) == {FOREIGN}
    assert Event.objects.filter(run__project=other).count() == 4
