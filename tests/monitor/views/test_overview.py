"""The overview: what is open, worst first; silence told from blindness; parts that refresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.models import SelfCheck
from tests.factories import make_channel, make_incident, make_notification, make_rule_failure, make_run, make_user
from tests.monitor.views.cast import Cast, fill, make_cast, make_leak

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_without_any_event_it_says_so_and_not_that_all_is_well(cast: Cast) -> None:
    page = cast.viewer.get("/").content.decode()
    assert "No events yet" in page
    assert "knows nothing" in page
    assert "Waiting for the first event" in page


def test_nothing_open_says_since_when_and_what_was_judged(cast: Cast) -> None:
    now = timezone.now()
    leak = make_leak(cast.project, now=now)
    leak.incident.status, leak.incident.resolved_at, leak.incident.resolved_by = "resolved", now, "Nada"
    leak.incident.save()
    make_run(
        project=cast.project, now=now + timedelta(seconds=5), judged_at=now + timedelta(seconds=5), event_count=7
    )
    page = cast.viewer.get("/").content.decode()
    assert "Nothing open since" in page
    assert '<dd class="figure-value">7</dd>' in page
    assert leak.incident.key in page


def test_the_worst_stands_first_as_a_sentence_with_its_spread(cast: Cast) -> None:
    make_leak(cast.project, n=1, severity="warning")
    worst = make_leak(cast.project, n=2, severity="critical")
    page = cast.responder.get("/").content.decode().replace("\u00a0", " ")
    assert "2 open: 1 critical, 1 warning" in page
    assert page.index("acknowledge-INC-2") < page.index("acknowledge-INC-1")
    assert "<code>cart:current</code>" in page
    assert f"<code>{worst.victim.run_id}</code>" in page
    assert "1 session, 1 tenant" in page


def test_withdrawn_known_and_mitigated_ones_are_not_open(cast: Cast) -> None:
    make_leak(cast.project, n=1)
    now = timezone.now()
    make_incident(project=cast.project, withdrawn_at=now)
    make_incident(project=cast.project, status="known")
    make_incident(project=cast.project, status="mitigated", mitigated_at=now)
    page = cast.viewer.get("/").content.decode().replace("\u00a0", " ")
    assert "1 open: 1 critical" in page
    assert "1 known leak" in page
    assert "1 mitigated incident" in page


def test_a_viewer_sees_no_button_that_would_be_refused(cast: Cast) -> None:
    make_leak(cast.project)
    assert "data-acknowledge" not in cast.viewer.get("/").content.decode()
    assert "data-acknowledge" in cast.responder.get("/").content.decode()


def test_a_fragment_is_a_part_and_answers_204_when_nothing_changed(cast: Cast) -> None:
    make_leak(cast.project)
    whole = cast.viewer.get("/")
    part = cast.viewer.get("/", headers=HTMX)
    assert "<html" in whole.content.decode()
    assert part.content.decode().lstrip().startswith('<div class="stack stack-page" id="open"')
    assert "HX-Request" in whole["Vary"]
    assert "HX-Request" in part["Vary"]
    seen = part.context["version"]
    assert cast.viewer.get("/", {"seen": seen}, headers=HTMX).status_code == 204
    make_leak(cast.project, n=2)
    assert cast.viewer.get("/", {"seen": seen}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_boosted_or_restored_page_is_whole(cast: Cast, header: str) -> None:
    page = cast.viewer.get("/", headers={**HTMX, header: "true"}).content.decode()
    assert "<html" in page


def test_the_lower_half_is_a_part_of_its_own(cast: Cast) -> None:
    make_leak(cast.project)
    channel = make_channel(project=cast.project)
    make_notification(channel=channel, status="delivered", now=timezone.now())
    part = cast.viewer.get("/last-hour/", headers=HTMX)
    text = part.content.decode()
    assert text.lstrip().startswith('<div class="stack stack-page" id="below"')
    assert "1 delivered in 24 h" in text
    assert cast.viewer.get("/last-hour/", {"seen": part.context["version"]}, headers=HTMX).status_code == 204


def test_a_rule_that_fails_is_said_with_its_runs(cast: Cast) -> None:
    assert "1 rule fails" not in cast.viewer.get("/").content.decode().replace("\u00a0", " ")
    for _ in range(2):
        make_rule_failure(run=make_run(project=cast.project))
    page = cast.viewer.get("/").content.decode().replace("\u00a0", " ")
    assert "1 rule fails" in page
    assert '<a href="/rules/foreign-session/#failed">foreign-session</a> says nothing about 2 runs.' in page


@pytest.mark.parametrize("address", ["/", "/last-hour/"])
def test_the_number_of_queries_does_not_grow_with_the_rows(address: str) -> None:
    counts = []
    for rows in (2, 20):
        project = make_cast_project(rows)
        client = Client()
        client.force_login(make_user(project=project, role="responder"))
        counts.append(queries(client, address))
    assert counts[0] == counts[1]


def make_cast_project(rows: int):
    from tests.factories import make_project

    project = make_project()
    fill(project, rows)
    return project


def test_the_heartbeat_says_what_waits(cast: Cast) -> None:
    leak = make_leak(cast.project)
    part = cast.viewer.get("/heartbeat/", headers=HTMX).content.decode()
    assert "nothing waits to be judged" in part
    assert 'id="nav-count" hx-swap-oob="true"' in part
    leak.victim.work.create(
        project=cast.project, reason="events", event_pks=[1], created_at=timezone.now() - timedelta(minutes=3),
        not_before=timezone.now(),
    )  # fmt: skip
    part = cast.viewer.get("/heartbeat/", headers=HTMX).content.decode().replace("\u00a0", " ")
    assert "Not judging" in part
    assert "1 run waits" in part


def test_a_missed_self_check_stands_in_red_above_everything(cast: Cast) -> None:
    now = timezone.now()
    check = SelfCheck.objects.create(
        began_at=now - timedelta(seconds=90), deadline_at=now - timedelta(seconds=30), sent_at=now
    )
    page = cast.viewer.get("/").content.decode()
    problem = f"the leak of {check.began_at:%H:%M} UTC was not detected within 60 s."
    assert f"Self-check: {problem}" in page
    assert page.index('id="self-check"') < page.index("<h1>")
    assert f"missed</span>: {problem}" in page
    check.detected_at = check.alerted_at = check.began_at + timedelta(seconds=2)
    check.save()
    page = cast.viewer.get("/").content.decode().replace("\u00a0", " ")
    assert 'id="self-check"' not in page
    assert "was detected and told in 2 s" in page
