"""Runs that show something only together, judged at the same moment by two workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.detection.event import Access, Event
from monitor.models import Project, Work
from monitor.services import judging
from monitor.services.judging import locks
from tests.detection.samples import Sample, maps_of
from tests.factories import NOW, make_project
from tests.monitor.services.meeting import at_once, judge_one, meeting
from tests.monitor.services.story import event, pending, post, settle
from tests.monitor.services.streams import differences, put_maps, rows_of_history, rows_stored

pytestmark = pytest.mark.django_db(transaction=True)

PARENT = "version: 1\nworkflow: parent\nchildren: {child: {requires: [$.order]}}\n"
SAME = "version: 1\nworkflow: quote\ndeterministic: true\n"
READ, WRITE = (Access("redis", op, "cart:latest") for op in ("read", "write"))


@pytest.fixture
def project() -> Project:
    return make_project()


def canary() -> list[Event]:
    """A run that is issued a canary, and one of another family that quotes it."""
    return [
        event("r-owner", 0, context={"x": 1}, attributes={"canary": "canary-000001"}),
        event("r-quotes", 1, context={"prompt": "you said canary-000001 before"}),
    ]


def family() -> list[Event]:
    """A child that begins without what its parent's map says it requires."""
    return [
        event("r-parent", 0, context={"order": 1}, workflow="parent", step="Spawn", phase="enter"),
        event("r-child", 1, context={"x": 1}, workflow="child", parent_run_id="r-parent", parent_step="Spawn"),
    ]


def group() -> list[Event]:
    """Two runs with one input and two outputs."""
    runs = [("r-1", 0.0, 118), ("r-2", 1.0, 131)]
    return [
        one
        for run_id, second, total in runs
        for one in (
            event(run_id, second, context={"basket": [1]}, workflow="quote", phase="enter"),
            event(run_id, second + 5, context={"basket": [1], "total": total}, workflow="quote", final=True),
        )
    ]


def leaking_key() -> list[Event]:
    """A run that writes a key which names nobody, and one of another session that reads it."""
    return [
        event("r-1", 0, "s-1", session="s-1", accesses=(WRITE,)),
        event("r-2", 1, "s-1", session="s-2", accesses=(READ,)),
    ]


STORIES: dict[str, tuple[Callable[[], list[Event]], list[str], str]] = {
    "canary and victim": (canary, [], "canary-escaped"),
    "parent and child": (family, [PARENT], "missing-input"),
    "two of one group": (group, [SAME], "divergent-output"),
    "writer and reader of a key": (leaking_key, [], "unscoped-key"),
}


def told_by(name: str) -> tuple[Sample, list[str], str]:
    story, maps, rule = STORIES[name]
    return Sample(name, tuple(story()), maps_of(maps), {}), maps, rule


def assert_same(project: Project, sample: Sample, rule: str) -> None:
    stored = rows_stored(project)
    assert rule in {key[0] for key in stored}
    assert differences(stored, rows_of_history(sample.events, sample)) == []
    assert pending() == 0


@pytest.mark.parametrize("name", STORIES)
def test_two_workers_at_once_end_as_one_would(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sample, maps, rule = told_by(name)
    put_maps(project, {text.split()[3]: text for text in maps})
    post(project, sample.events)
    first, second = dict.fromkeys(one.run_id for one in sample.events)
    with meeting(monkeypatch, judging, "_ripple", after=True):
        at_once(judge_one(project, first), judge_one(project, second))
    settle()
    assert_same(project, sample, rule)


@pytest.mark.parametrize("name", STORIES)
def test_either_may_come_first(project: Project, name: str) -> None:
    for turn in (1, -1):
        sample, maps, rule = told_by(name)
        other = make_project()
        put_maps(other, {text.split()[3]: text for text in maps})
        for one in sample.events[::turn]:
            post(other, [one])
            settle()
        assert_same(other, sample, rule)


@pytest.mark.parametrize("name", STORIES)
def test_nobody_is_judged_again_for_nothing(project: Project, name: str) -> None:
    """A judgement without new events ends where it began."""
    sample, maps, _ = told_by(name)
    put_maps(project, {text.split()[3]: text for text in maps})
    post(project, sample.events)
    settle()
    for run_id in dict.fromkeys(one.run_id for one in sample.events):
        judge = judge_one(project, run_id)
        run = project.runs.get(run_id=run_id)
        Work.objects.create(project=project, run=run, reason="dependency", created_at=NOW, not_before=NOW)
        assert judge()
        assert pending() == 0


def test_without_the_locks_the_canary_would_be_missed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first test proves rests on the locks: without them neither worker sees the other."""
    sample, _, _ = told_by("canary and victim")
    post(project, [event("r-before", 0, context={"x": 1}, attributes={"canary": "canary-000000"})])
    settle()
    post(project, sample.events)

    def unlocked(*_: Any) -> None:
        return None

    monkeypatch.setattr(locks, "take", unlocked)
    with meeting(monkeypatch, judging, "_ripple", after=True):
        at_once(judge_one(project, "r-owner"), judge_one(project, "r-quotes"))
    settle()
    assert rows_stored(project) == {}
