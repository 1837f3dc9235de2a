"""Runs that give no cause for more are judged many at once, and are stored as if each had been judged alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.detection.event import Event
from monitor.models import Canary, CrowdWork, Project, Run, RunFacts, RunValues, Work
from monitor.queries import events as stored_events
from monitor.services import calm, calm_rows, crowd, detect, judging
from tests.factories import NOW, make_project
from tests.monitor.services.story import event, found, leak, post, settle, tell

_FIELDS = (
    "workflow", "parent_run_id", "execution_id", "session", "tenant", "asserted_execution_id", "asserted_session",
    "asserted_tenant", "first_at", "last_at", "event_count", "parts", "ended", "status", "gaps", "judged_at",
)  # fmt: skip


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def runs(count: int, *, first: int = 0) -> list[Event]:
    return [
        event(f"r-{number}", second, f"s-{number}", session=f"s-{number}", sequence=place * 2, final=place == 1)
        for number in range(first, first + count)
        for place, second in enumerate((number, number + 1))
    ]


def stored(project: Project) -> dict[str, Any]:
    """All that judging leaves of the project's runs."""
    rows = Run.objects.filter(project=project)
    values = {one.run.run_id: (sorted(one.values), one.since) for one in RunValues.objects.filter(project=project)}
    return {
        "runs": sorted(rows.values_list("run_id", *_FIELDS)),
        "states": {one.run_id: len(one.state or b"") for one in rows},
        "values": {name: (len(held), since) for name, (held, since) in values.items()},
        "crowd": set(CrowdWork.objects.filter(project=project).values_list("run__run_id", flat=True)),
    }


def test_a_batch_is_stored_as_if_each_run_had_been_judged_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = make_project()
    events = [*runs(5), event("r-gap", 3, "s-gap", session="s-gap"), event("r-nobody", 4, context={"n": 1})]
    with monkeypatch.context() as patch:
        patch.setattr(calm, "judge", lambda **asked: calm.Looked(left=frozenset(asked["run_pks"])))
        tell(alone, events)
    post(project, events)
    assert detect.judge_due(now=NOW, limit_runs=50) == 7
    assert not Work.objects.exists()
    assert stored(project) == stored(alone)
    assert "r-nobody" not in stored(project)["crowd"], "who acts for no session owns nothing"


def test_a_run_with_cause_for_more_is_left_and_the_others_are_judged(project: Project) -> None:
    tell(project, leak()[:2])
    parent = event("r-parent", 5, "s-p", session="s-p")
    child = event("r-child", 6, "s-c", session="s-c", parent_run_id="r-parent")
    issuing = event("r-issue", 7, session="s-i", attributes={"canary": "canary-0123456789abcdef"})
    post(project, [*runs(3, first=10), *leak()[2:], parent, child, issuing])
    pks = dict(Run.objects.values_list("run_id", "id"))
    looked = calm.judge(project=project, run_pks=pks.values(), now=NOW, limit=50)
    assert looked.judged == 4, "three that are alone, and the parent: nobody who was judged names it"
    assert looked.left == {pks[name] for name in ("r-2", "r-child", "r-issue")}
    settle()
    assert {rule for rule, *_ in found(project)} == {"foreign-session"}


def test_who_is_named_as_a_parent_is_not_alone(project: Project) -> None:
    tell(project, [event("r-child", 6, "s-p", session="s-c", parent_run_id="r-parent")])
    assert {rule for rule, *_ in found(project)} == {"foreign-session"}
    post(project, [event("r-parent", 5, "s-p", session="s-p")])
    pk = Run.objects.get(run_id="r-parent").pk
    assert calm.judge(project=project, run_pks=[pk], now=NOW, limit=50) == calm.Looked(left=frozenset({pk}))
    settle()
    assert found(project) == set()


def test_the_first_holder_of_a_wanted_value_has_its_victim_judged_again(project: Project) -> None:
    tell(project, leak()[2:])
    assert {(source, rule) for rule, _, _, _, source, _ in found(project)} == {(None, "foreign-session")}
    post(project, leak()[:2])
    assert detect.judge_due(now=NOW, limit_runs=50) == 1
    assert [(one.run.run_id, one.reason) for one in Work.objects.select_related("run")] == [("r-2", "dependency")]
    settle()
    assert {(source, rule) for rule, _, _, _, source, _ in found(project)} == {("r-1", "foreign-session")}


def test_once_a_canary_is_known_every_run_is_looked_at_alone(project: Project) -> None:
    tell(project, [event("r-issue", 7, session="s-i", attributes={"canary": "canary-0123456789abcdef"})])
    assert Canary.objects.count() == 1
    project.refresh_from_db()
    post(project, runs(2))
    pks = list(Run.objects.exclude(run_id="r-issue").values_list("id", flat=True))
    looked = calm.judge(project=project, run_pks=pks, now=NOW, limit=50)
    assert looked == calm.Looked(left=frozenset(pks))


def test_twenty_runs_cost_no_more_statements_than_two(project: Project) -> None:
    post(project, runs(2))
    with CaptureQueriesContext(connection) as few:
        assert detect.judge_due(now=NOW, limit_runs=50) == 2
    post(project, runs(20, first=10))
    with CaptureQueriesContext(connection) as many:
        assert detect.judge_due(now=NOW, limit_runs=50) == 20
    assert len(many) == len(few)


def going_on(number: int, place: int, **fields: Any) -> Event:
    name = f"{number}"
    context = {"session_id": f"s-{name}", "n": place}
    return event(f"r-{name}", 10 + place, context=context, session=f"s-{name}", sequence=10 + place, **fields)


def test_runs_that_go_on_are_stored_as_if_each_had_been_judged_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = make_project()
    begun = [going_on(number, 0) for number in range(4)]
    further = [going_on(number, place) for number in range(4) for place in (1, 2)]
    with monkeypatch.context() as patch:
        patch.setattr(calm, "judge", lambda **asked: calm.Looked(left=frozenset(asked["run_pks"])))
        tell(alone, begun)
        tell(alone, further)
    tell(project, begun)
    post(project, further)
    pks = list(Run.objects.filter(project=project).values_list("id", flat=True))
    looked = calm.judge(project=project, run_pks=pks, now=NOW, limit=50)
    assert looked == calm.Looked(judged=4)
    assert stored(project) == stored(alone)
    assert Run.objects.filter(project=project, event_count=3).count() == 4


def test_what_a_run_comes_to_hold_has_its_victim_judged_again(project: Project) -> None:
    tell(project, [event("r-1", 0, context={"n": 1}, execution_id="x-1", session="s-1")])
    tell(project, leak()[2:])
    pks = [Run.objects.get(run_id="r-1").pk]
    post(project, [event("r-1", 1, "s-1", execution_id="x-1", session="s-1")])
    assert calm.judge(project=project, run_pks=pks, now=NOW, limit=50) == calm.Looked(judged=1)
    assert [(one.run.run_id, one.reason) for one in Work.objects.select_related("run")] == [("r-2", "dependency")]
    settle()
    assert {(source, rule) for rule, _, _, _, source, _ in found(project)} == {("r-1", "foreign-session")}


def test_a_run_that_goes_on_otherwise_than_before_is_left(project: Project) -> None:
    tell(project, [going_on(number, 1) for number in range(3)])
    late, learns, spawned = (
        going_on(0, 0),
        going_on(1, 2, tenant="t-1"),
        going_on(2, 2, parent_run_id="r-parent"),
    )
    post(project, [late, learns, spawned])
    pks = dict(Run.objects.values_list("run_id", "id"))
    looked = calm.judge(project=project, run_pks=pks.values(), now=NOW, limit=50)
    assert looked == calm.Looked(left=frozenset(pks.values()))


def test_twenty_runs_that_go_on_cost_no_more_statements_than_two(project: Project) -> None:
    tell(project, [going_on(number, 0) for number in range(22)])
    counts = []
    for numbers in (range(2), range(2, 22)):
        post(project, [going_on(number, 1) for number in numbers])
        with CaptureQueriesContext(connection) as asked:
            assert detect.judge_due(now=NOW, limit_runs=50) == len(numbers)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_what_they_hold_is_stored_for_the_crowd_and_not_read_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(project, runs(3))
    detect.judge_due(now=NOW, limit_runs=50)
    assert RunFacts.objects.count() == CrowdWork.objects.filter(has_facts=True).count() == 3
    with monkeypatch.context() as patch:
        patch.setattr(stored_events, "as_event", None)
        assert crowd.judge_crowds(now=NOW + timedelta(seconds=1)) == 1
    assert not CrowdWork.objects.exists()


def test_one_that_raises_leaves_the_batch_to_be_judged_one_by_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(project, runs(3))

    def fail(**_: object) -> None:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(calm_rows, "store", fail)
        assert detect.judge_due(now=NOW, limit_runs=50) == 3
    assert not Work.objects.exists()
    assert Run.objects.exclude(judged_at=None).count() == 3


def test_a_late_event_after_a_short_runs_end_is_judged_with_all_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(project, runs(1))
    assert bytes(Run.objects.get().state) == b""
    asked: list[int] = []
    real: Callable[..., Any] = judging.judged

    def noting(*arguments: Any) -> Any:
        case = real(*arguments)
        asked.append(len(case.view.runs[0].snapshots))
        return case

    monkeypatch.setattr(judging, "judged", noting)
    tell(project, [event("r-0", 0.5, "s-0", session="s-0", sequence=1)])
    assert asked == [3]
