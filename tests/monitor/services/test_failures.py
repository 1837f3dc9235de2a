"""A rule that raises is recorded with its run, and takes nothing else down with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest

from monitor.detection.anomaly import Finding
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.engine import RuleError
from monitor.detection.rule import Rule, Scene
from monitor.models import Project, RuleFailure, Run
from monitor.queries import status
from monitor.services import cases, crowd, failures
from tests.factories import NOW, make_project, make_run
from tests.monitor.services.story import event, found, leak, pending, post, settle, tell

FOREIGN = ("foreign-session", "r-2", "$.session_id", "temporal", "r-1", None)
LATER = NOW + timedelta(minutes=5)


class Breaks(Rule):
    """Raises at each event whose context asks for it."""

    id = "breaks"
    title = says = "It breaks"
    severity = "high"
    kind = "state"

    def judge(self, scene: Scene) -> Iterable[Finding]:
        if scene.event.context.get("break"):
            raise RecursionError(scene.event.context)
        return ()


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue with a rule that raises, before all the others."""
    rules = (Breaks(), *CATALOGUE)
    monkeypatch.setattr(cases, "judge_runs", partial(cases.judge_runs, rules=rules))
    monkeypatch.setattr(cases, "advance", partial(cases.advance, rules=rules))


def raised(run: Run, *rules: str) -> list[RuleError]:
    return [RuleError(rule, run.run_id, "KeyError") for rule in rules]


def rows(run: Run) -> list[tuple[str, int]]:
    return list(RuleFailure.objects.filter(run=run).order_by("rule").values_list("rule", "count"))


def test_a_whole_judgement_says_all_there_is(project: Project) -> None:
    run = make_run(project=project)
    failures.record(run=run, errors=raised(run, "a", "a", "b"), whole=True, now=NOW)
    assert rows(run) == [("a", 2), ("b", 1)]
    failures.record(run=run, errors=raised(run, "a"), whole=True, now=LATER)
    assert rows(run) == [("a", 1)]
    row = RuleFailure.objects.get(run=run)
    assert (row.first_at, row.last_at, row.error) == (NOW, LATER, "KeyError")
    failures.record(run=run, errors=[], whole=True, now=LATER)
    assert rows(run) == []


def test_an_onward_judgement_adds(project: Project) -> None:
    run, other = make_run(project=project), make_run(project=project)
    failures.record(run=run, errors=raised(run, "a"), whole=True, now=NOW)
    failures.record(run=other, errors=raised(other, "a"), whole=True, now=NOW)
    failures.record(run=run, errors=raised(run, "a", "b"), whole=False, now=LATER)
    failures.record(run=run, errors=[], whole=False, now=LATER)
    assert rows(run) == [("a", 2), ("b", 1)]
    assert rows(other) == [("a", 1)]


def test_without_an_error_nothing_is_asked_of_the_database(project: Project, django_assert_num_queries) -> None:
    fresh, known = make_run(project=project, judged_at=None), make_run(project=project)
    with django_assert_num_queries(0):
        failures.record(run=fresh, errors=[], whole=True, now=NOW)
        failures.record(run=known, errors=[], whole=False, now=NOW)


def test_no_value_of_a_context_is_kept_or_logged(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    run = make_run(project=project)
    with caplog.at_level("ERROR"):
        failures.record(run=run, errors=raised(run, "a", "a"), whole=True, now=NOW)
    (line,) = caplog.records
    assert (line.getMessage(), line.rule, line.run, line.error, line.events) == (
        "a rule failed", "a", run.pk, "KeyError", 2,
    )  # fmt: skip


def test_a_rule_that_raises_stops_no_neighbour_and_loses_no_event(project: Project, broken: None) -> None:
    events = leak()
    events[2].context["break"] = events[3].context["break"] = True
    tell(project, events)
    assert found(project) == {FOREIGN}
    run = Run.objects.get(run_id="r-2")
    assert (run.event_count, rows(run), pending()) == (2, [("breaks", 2)], 0)
    crowd.judge_crowds(now=NOW)
    told = status.pipeline(project, now=NOW)
    assert told.settled
    assert [(one.rule, one.runs, one.errors) for one in told.failing_rules] == [("breaks", 1, 2)]
    assert [(one.run_id, one.error) for one in told.failed_runs] == [("r-2", "RecursionError")]


def test_later_events_add_and_a_late_one_judges_the_run_anew(project: Project, broken: None) -> None:
    def part(second: float, sequence: int, *, breaks: bool) -> None:
        more = {"break": True} if breaks else {}
        context = {"session_id": "s-1", **more}
        post(project, [event("r-1", second, context=context, sequence=sequence)])
        settle()

    part(1, 1, breaks=True)
    part(3, 3, breaks=True)
    run = Run.objects.get(run_id="r-1")
    assert rows(run) == [("breaks", 2)]
    part(2, 2, breaks=False)
    assert (rows(run), run.events.count()) == ([("breaks", 2)], 3)


def test_once_the_rule_is_mended_judging_anew_takes_its_failure_away(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(cases, "judge_runs", partial(cases.judge_runs, rules=(Breaks(), *CATALOGUE)))
        tell(project, [event("r-1", 5, context={"break": True})])
    run = Run.objects.get(run_id="r-1")
    assert rows(run) == [("breaks", 1)]
    tell(project, [event("r-1", 1, context={})])
    assert rows(run) == []
