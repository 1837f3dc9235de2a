"""Runs: the list and its filters, one run step by step, its context at an event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.models import Run
from monitor.queries.run_list import PAGE
from tests.factories import (
    make_anomaly,
    make_event,
    make_project,
    make_rule_failure,
    make_run,
    make_user,
    make_workflow,
)
from tests.monitor.views.cast import Cast, fill, make_cast, make_leak

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def text_of(client: Client, address: str, **asked: str) -> str:
    response = client.get(address, asked)
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def run_ids(client: Client, **asked: str) -> list[str]:
    return [row.run_id for row in client.get("/runs/", asked).context["found"].rows]


def make_steps(cast: Cast) -> Run:
    """Load, then two branches at once, then a failing child, then the end."""
    now = timezone.now()
    run = make_run(project=cast.project, run_id="r-steps", session="s-1", event_count=8, now=now)
    for at, step, phase, more in [
        (0, "Load", "enter", {"context": {"session_id": "s-1", "temp": 1, "flag": False}}),
        (40, "Load", "exit", {"context": {"session_id": "s-1", "flag": True, "cart": {"id": 7}}}),
        (50, "Stock", "enter", {"branch": "stock"}),
        (90, "Stock", "exit", {"branch": "stock"}),
        (55, "Fraud", "enter", {"branch": "fraud", "attempt": 2}),
        (80, "Fraud", "exit", {"branch": "fraud", "attempt": 2, "status": "error"}),
        (100, "Done", "exit", {"final": True}),
    ]:
        make_event(
            run=run,
            at=now + timedelta(milliseconds=at),
            step=step,
            phase=phase,
            event_id=f"{step}-{phase}",
            **more,
        )
    child = make_run(project=cast.project, run_id="r-child", parent_run_id=run.run_id, parent_step="Stock")
    make_event(run=child, at=now + timedelta(milliseconds=60), step="Hold")
    return run


def test_runs_can_be_narrowed(cast: Cast) -> None:
    make_workflow(project=cast.project)
    leak = make_leak(cast.project, n=1)
    make_run(project=cast.project, run_id="other", workflow="send-mail", session="s-7")
    assert len(run_ids(cast.viewer)) == 3
    assert run_ids(cast.viewer, run="check") == ["checkout-1"]
    assert run_ids(cast.viewer, session="s-7") == ["other"]
    assert run_ids(cast.viewer, workflow="send-mail") == ["other"]
    assert run_ids(cast.viewer, incident=leak.incident.key) == ["checkout-1"]
    assert run_ids(cast.viewer, incident="INC-x") == []
    assert "Nothing matches" in text_of(cast.viewer, "/runs/", run="none")


def test_an_empty_list_says_how_to_get_runs(cast: Cast) -> None:
    assert "No runs yet" in text_of(cast.viewer, "/runs/")


def test_pages_follow_each_other_without_gap_or_repetition(cast: Cast) -> None:
    now = timezone.now()
    for n in range(PAGE + 3):
        make_run(project=cast.project, last_at=now - timedelta(seconds=n % 5))
    first = cast.viewer.get("/runs/").context["found"]
    second = cast.viewer.get("/runs/", {"cursor": first.next}).context["found"]
    shown = [row.run_id for row in (*first.rows, *second.rows)]
    assert len(shown) == len(set(shown)) == PAGE + 3


def test_the_list_refreshes_as_a_fragment(cast: Cast) -> None:
    part = cast.viewer.get("/runs/", headers=HTMX)
    assert part.content.decode().lstrip().startswith('<section class="stack-tight" id="list"')
    seen = {"seen": part.context["version"]}
    assert cast.viewer.get("/runs/", seen, headers=HTMX).status_code == 204
    make_run(project=cast.project)
    assert cast.viewer.get("/runs/", seen, headers=HTMX).status_code == 200


def test_a_leaking_run_says_what_entered_where_and_marks_it(cast: Cast) -> None:
    leak = make_leak(cast.project)
    page = text_of(cast.viewer, f"/runs/{leak.victim.run_id}/")
    assert "Something that does not belong here entered at <b>LoadCart</b> and stayed to the end." in page
    assert '<mark class="foreign">&quot;s-1&quot;</mark>' in page
    assert leak.incident.key in page
    assert "redis cart:current" in page
    source = text_of(cast.viewer, f"/runs/{leak.source.run_id}/")
    assert "It is the source of what entered" in source
    assert "checkout-1" in source


def test_steps_stand_in_lanes_in_order(cast: Cast) -> None:
    run = make_steps(cast)
    page = cast.viewer.get(f"/runs/{run.run_id}/").context["page"]
    assert [(lane.name, lane.kind) for lane in page.lanes] == [
        ("checkout", "main"), ("stock", "branch"), ("fraud", "branch"), ("r-child", "child"),
    ]  # fmt: skip
    assert [each.step for each in page.lanes[0].executions] == ["Load", "Done"]
    fraud = page.lanes[2].executions[0]
    assert (fraud.attempt, fraud.error, round(fraud.seconds, 3)) == (2, True, 0.025)
    assert page.lanes[0].executions[1].entered == ""


def test_what_a_step_changed_is_said(cast: Cast) -> None:
    run = make_steps(cast)
    page = text_of(cast.viewer, f"/runs/{run.run_id}/", at="Load-exit")
    assert "What Load changed" in page
    assert "1 added, 1 changed, 1 removed" in page
    assert '<span class="path">$.cart</span>' in page
    point = cast.viewer.get(f"/runs/{run.run_id}/", {"at": "Load-exit"}).context["page"].point
    assert [(each.sign, each.path) for each in point.changed.changes] == [
        ("~", "$.flag"), ("+", "$.cart"), ("−", "$.temp"),
    ]  # fmt: skip
    assert (point.number, point.earlier, point.later) == (2, "Load-enter", "Stock-enter")


def test_a_path_narrows_the_context_and_a_wrong_one_says_so(cast: Cast) -> None:
    run = make_steps(cast)
    point = cast.viewer.get(f"/runs/{run.run_id}/", {"at": "Load-exit", "path": "$.cart.id"}).context["page"].point
    assert [(node.key, node.text) for node in point.matches] == [("$.cart.id", "7")]
    assert "This is no JSONPath" in text_of(cast.viewer, f"/runs/{run.run_id}/", path="$.cart[")
    assert "Nothing in this context matches" in text_of(cast.viewer, f"/runs/{run.run_id}/", path="$.nothing")


def test_gaps_are_said(cast: Cast) -> None:
    run = make_run(project=cast.project, run_id="r-gap", gaps=[13, 14])
    make_event(run=run)
    page = text_of(cast.viewer, "/runs/r-gap/")
    assert "Evidence incomplete: 2 events have never arrived." in page
    assert "13, 14" in page


def test_more_gaps_than_are_counted_are_said_to_be_more(cast: Cast) -> None:
    make_event(run=make_run(project=cast.project, run_id="r-gap", gaps=list(range(1, 21))))
    page = text_of(cast.viewer, "/runs/r-gap/")
    assert "Evidence incomplete: at least 20 events have never arrived." in page
    assert "19, 20 and maybe more." in page


def test_a_rule_that_failed_in_the_run_is_said(cast: Cast) -> None:
    run = make_run(project=cast.project, run_id="r-failed")
    make_event(run=run)
    make_rule_failure(run=run, count=3)
    page = text_of(cast.viewer, "/runs/r-failed/")
    assert "Not evaluated by 1 rule that failed." in page
    assert '<a href="/rules/foreign-session/#failed">foreign-session</a> raised KeyError at 3 events.' in page


def test_a_run_known_by_name_only_has_a_page(cast: Cast) -> None:
    make_run(project=cast.project, run_id="r-name", first_at=None, last_at=None, judged_at=None, session=None)
    page = text_of(cast.viewer, "/runs/r-name/")
    assert "No events" in page
    assert "waiting to be judged" in page


def test_run_ids_with_slashes_and_spaces_have_a_page(cast: Cast) -> None:
    run = make_run(project=cast.project, run_id="nightly/2026 11/é?#%")
    make_event(run=run)
    listed = cast.viewer.get("/runs/").content.decode()
    address = listed.split('<a href="/runs/nightly')[1].split('"')[0]
    assert cast.viewer.get("/runs/nightly" + address).context["page"].run == run


def test_the_page_refreshes_only_when_something_was_judged(cast: Cast) -> None:
    leak = make_leak(cast.project)
    address = f"/runs/{leak.victim.run_id}/"
    part = cast.viewer.get(address, headers=HTMX)
    seen = {"seen": part.context["version"]}
    assert cast.viewer.get(address, seen, headers=HTMX).status_code == 204
    Run.objects.filter(pk=leak.victim.pk).update(judged_at=timezone.now())
    assert cast.viewer.get(address, seen, headers=HTMX).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_rows() -> None:
    counts = []
    for rows in (2, 20):
        project = make_project()
        fill(project, rows)
        client = Client()
        client.force_login(make_user(project=project))
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get("/runs/").context["found"].rows) == 2 * rows
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_number_of_queries_does_not_grow_with_the_events(cast: Cast) -> None:
    counts = []
    for events in (2, 20):
        run = make_run(project=cast.project)
        for _ in range(events):
            make_anomaly(run=run)
        with CaptureQueriesContext(connection) as captured:
            text_of(cast.viewer, f"/runs/{run.run_id}/")
        counts.append(len(captured))
    assert counts[0] == counts[1]
