"""One incident: the sentence, the two snapshots, what people do, and what viewers cannot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.models import DeliveryAttempt, IncidentLog
from tests.factories import (
    make_anomaly,
    make_channel,
    make_event,
    make_incident,
    make_notification,
    make_project,
    make_run,
    make_user,
)
from tests.monitor.views.cast import Cast, make_cast, make_leak

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def test_the_sentence_says_whose_where_through_what_and_when(cast: Cast) -> None:
    leak = make_leak(cast.project)
    page = cast.viewer.get(f"/incidents/{leak.incident.key}/").context["page"]
    said = "".join(part.text for part in page.sentence).replace("\u00a0", " ")
    assert said == (
        "Session s-1’s cart entered run checkout-1 at LoadCart, through redis key cart:current, "
        "41 s after run add-to-cart-1 had ended."
    )


def test_the_two_snapshots_stand_side_by_side_with_the_value_marked_in_both(cast: Cast) -> None:
    leak = make_leak(cast.project)
    page = text_of(cast.viewer, f"/incidents/{leak.incident.key}/")
    assert '<mark class="foreign">&quot;s-1&quot;</mark></span><span class="tree-tag">foreign</span>' in page
    assert '<span class="own">&quot;s-1&quot;</span></span><span class="tree-tag">its own</span>' in page
    assert "TTL 10 min" in page
    assert "41 s between" in page


def test_without_a_source_it_says_that_it_was_not_seen(cast: Cast) -> None:
    run = make_run(project=cast.project)
    incident = make_incident(project=cast.project, leak_class="unknown")
    make_anomaly(run=run, incident=incident)
    page = text_of(cast.viewer, f"/incidents/{incident.key}/")
    assert "Where it came from has not been seen." in page
    assert "not seen" in page


def test_what_was_lost_is_marked_where_it_should_stand(cast: Cast) -> None:
    run = make_run(project=cast.project)
    event = make_event(run=run, context={"order": 1})
    incident = make_incident(
        project=cast.project, rule="identity-lost", leak_class="integrity", severity="warning"
    )
    make_anomaly(
        run=run, incident=incident, event=event, rule="identity-lost", leak_class="integrity", severity="warning",
        path="$.session_id", expected="s-1", observed=None,
    )  # fmt: skip
    page = text_of(cast.viewer, f"/incidents/{incident.key}/")
    assert 'class="tree-row is-removed"' in page
    assert '<span class="tree-tag">lost</span>' in page


def test_an_incident_without_evidence_still_has_a_page(cast: Cast) -> None:
    incident = make_incident(project=cast.project)
    page = text_of(cast.viewer, f"/incidents/{incident.key}/")
    assert incident.title.replace("'", "&#x27;") in page
    assert "No evidence is left." in page


def test_the_evidence_of_another_run_can_be_looked_at(cast: Cast) -> None:
    now = timezone.now()
    leak = make_leak(cast.project, now=now)
    other = make_run(project=cast.project, run_id="checkout-other", session="s-9")
    event = make_event(run=other, context={"session_id": "s-1"}, at=now + timedelta(seconds=1))
    make_anomaly(run=other, incident=leak.incident, event=event, observed="s-1", expected="s-9")
    first = cast.viewer.get(f"/incidents/{leak.incident.key}/").context["page"]
    assert (first.place, first.earlier, first.later) == (1, "", "checkout-other")
    second = cast.viewer.get(f"/incidents/{leak.incident.key}/", {"run": "checkout-other"}).context["page"]
    assert (second.place, second.earlier, second.later) == (2, "checkout-1", "")
    assert second.pair.victim.run_id == "checkout-other"
    assert cast.viewer.get(f"/incidents/{leak.incident.key}/", {"run": "no such"}).context["page"].place == 1


def test_a_large_context_is_folded_and_bounded_but_shows_what_matters(cast: Cast) -> None:
    run = make_run(project=cast.project)
    context = {f"key-{n}": {"a": n} for n in range(300)} | {"wrong": {"list": [{"x": n} for n in range(200)]}}
    context["wrong"]["list"][150]["session_id"] = "s-1"
    event = make_event(run=run, context=context)
    incident = make_incident(project=cast.project)
    make_anomaly(run=run, incident=incident, event=event, path="$.wrong.list[150].session_id", observed="s-1")
    page = text_of(cast.viewer, f"/incidents/{incident.key}/")
    assert '<mark class="foreign">&quot;s-1&quot;</mark>' in page
    assert "… 260 more keys" in page
    assert page.count("tree-row") < 600


def test_a_responder_acknowledges_assigns_notes_and_resolves(cast: Cast) -> None:
    leak = make_leak(cast.project)
    address = f"/incidents/{leak.incident.key}/"
    response = cast.responder.post(f"{address}acknowledge/", follow=True)
    assert "Acknowledged INC-1: you have it." in response.content.decode()
    cast.responder.post(f"{address}assign/", {"user": cast.responder_user.pk})
    cast.responder.post(f"{address}note/", {"note": "Every victim read the key."})
    cast.responder.post(f"{address}mitigate/", {"note": "Rolled back."})
    cast.responder.post(f"{address}resolve/", {"note": "The key has its session again."})
    leak.incident.refresh_from_db()
    assert (leak.incident.status, leak.incident.resolved_by) == ("resolved", "nada")
    assert leak.incident.assignee == cast.responder_user
    kinds = list(leak.incident.log.order_by("id").values_list("kind", flat=True))
    assert kinds == ["opened", "acknowledged", "assigned", "noted", "mitigated", "resolved"]
    page = text_of(cast.responder, address)
    assert "Every victim read the key." in page
    assert "Begin postmortem" in page
    cast.responder.post(f"{address}reopen/", {"note": "It came back."})
    leak.incident.refresh_from_db()
    assert leak.incident.status == "open"


@pytest.mark.parametrize(
    ("action", "status"), [("mark-known", "known"), ("mark-false-positive", "false_positive")]
)
def test_an_incident_is_marked(cast: Cast, action: str, status: str) -> None:
    leak = make_leak(cast.project)
    cast.responder.post(f"/incidents/{leak.incident.key}/{action}/", {"note": "because"})
    leak.incident.refresh_from_db()
    assert leak.incident.status == status


def test_a_refusal_says_the_present_state_and_what_to_do(cast: Cast) -> None:
    incident = make_incident(
        project=cast.project, status="resolved", resolved_at=timezone.now(), resolved_by="Nada"
    )
    response = cast.responder.post(f"/incidents/{incident.key}/acknowledge/", follow=True)
    assert "INC-1 is resolved: reopen it first." in response.content.decode()
    assert 'class="toast" data-severity="critical"' in response.content.decode()


def test_what_nobody_can_do_is_not_found_and_changes_nothing(cast: Cast) -> None:
    leak = make_leak(cast.project)
    stranger = make_user(project=make_project())
    for action, data in (("explode", {}), ("assign", {"user": "x"}), ("assign", {"user": stranger.pk})):
        address = f"/incidents/{leak.incident.key}/{action}/"
        assert cast.responder.post(address, data).status_code == 404, (action, data)
    assert IncidentLog.objects.filter(incident=leak.incident).count() == 1


def test_a_viewer_cannot_act(cast: Cast) -> None:
    leak = make_leak(cast.project)
    for action in ("acknowledge", "resolve", "note", "assign"):
        response = cast.viewer.post(f"/incidents/{leak.incident.key}/{action}/")
        assert response.status_code == 403
    assert "Your role does not allow this" in response.content.decode()
    leak.incident.refresh_from_db()
    assert leak.incident.status == "open"
    page = text_of(cast.viewer, f"/incidents/{leak.incident.key}/")
    assert "inc-actions" not in page
    assert "note-form" not in page


def test_acting_leads_back_to_where_one_was_and_never_off_the_site(cast: Cast) -> None:
    leak = make_leak(cast.project)
    address = f"/incidents/{leak.incident.key}/acknowledge/"
    assert cast.responder.post(address, {"next": "/"})["Location"] == "/"
    assert cast.responder.post(address, {"next": "https://evil.example/"})["Location"] == "/incidents/INC-1/"


def test_alerts_stand_in_the_timeline_with_their_attempts(cast: Cast) -> None:
    leak = make_leak(cast.project)
    now, channel = timezone.now(), make_channel(project=cast.project, name="on call")
    sent = make_notification(channel=channel, incident=leak.incident, now=now, status="delivered")
    for number, code in ((1, 503), (2, 200)):
        DeliveryAttempt.objects.create(notification=sent, number=number, at=now, duration_ms=5, status_code=code)
    failing = make_notification(channel=channel, incident=leak.incident, kind="incident.resolved", now=now)
    DeliveryAttempt.objects.create(notification=failing, number=1, at=now, duration_ms=5, status_code=500)
    page = text_of(cast.viewer, f"/incidents/{leak.incident.key}/")
    assert "Alert “opened” delivered to on call in 0 s, at attempt 2" in page
    assert "Alert “resolved” to on call: attempt 1 failed, another follows" in page
    assert "answered 500" in page


def test_the_page_refreshes_only_when_something_happened(cast: Cast) -> None:
    leak = make_leak(cast.project)
    address = f"/incidents/{leak.incident.key}/"
    part = cast.viewer.get(address, headers=HTMX)
    assert part.content.decode().lstrip().startswith('<div class="stack stack-page" id="incident"')
    seen = {"seen": part.context["version"]}
    assert cast.viewer.get(address, seen, headers=HTMX).status_code == 204
    cast.responder.post(f"{address}note/", {"note": "x"})
    assert cast.viewer.get(address, seen, headers=HTMX).status_code == 200


def test_gaps_are_said(cast: Cast) -> None:
    leak = make_leak(cast.project)
    leak.victim.gaps = [13, 14]
    leak.victim.save()
    assert "Evidence incomplete in 1 of 1 run." in text_of(cast.viewer, f"/incidents/{leak.incident.key}/")


def test_the_number_of_queries_does_not_grow_with_the_runs(cast: Cast) -> None:
    counts = []
    for runs in (2, 20):
        incident = make_incident(project=cast.project)
        for _ in range(runs):
            make_anomaly(run=make_run(project=cast.project), incident=incident)
        with CaptureQueriesContext(connection) as captured:
            text_of(cast.viewer, f"/incidents/{incident.key}/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_verdict_says_what_it_is_on_how_many_runs_and_why(cast: Cast) -> None:
    leak = make_leak(cast.project)
    page = text_of(cast.viewer, f"/incidents/{leak.incident.key}/")
    assert '<strong>Leak</strong> <span class="muted">n&nbsp;=&nbsp;1 run</span>' in page
    assert "In the only affected run the wrong value was traced to another run, whose it was." in page
    assert '<span class="unknown">evidence incomplete</span>' not in page
    leak.victim.gaps = [3, 4]
    leak.victim.save()
    page = text_of(cast.viewer, f"/incidents/{leak.incident.key}/")
    assert "evidence incomplete</span> 2 sequence numbers are missing from these runs." in page


@pytest.mark.parametrize(
    ("rule", "leak_class", "observed", "word"),
    [
        ("identity-lost", "integrity", None, "Loss"),
        ("foreign-session", "unknown", "s-9", "Not enough evidence"),
    ],
)
def test_the_verdict_has_a_word_for_each(
    cast: Cast, rule: str, leak_class: str, observed: str | None, word: str
) -> None:
    incident = make_incident(project=cast.project, rule=rule, leak_class=leak_class)
    run = make_run(project=cast.project)
    make_anomaly(run=run, incident=incident, rule=rule, leak_class=leak_class, observed=observed)
    assert f"<strong>{word}</strong>" in text_of(cast.viewer, f"/incidents/{incident.key}/")


def test_the_page_comes_anew_when_the_source_is_found(cast: Cast) -> None:
    leak = make_leak(cast.project)
    address = f"/incidents/{leak.incident.key}/"
    seen = {"seen": cast.viewer.get(address, headers=HTMX).context["version"]}
    assert cast.viewer.get(address, seen, headers=HTMX).status_code == 204
    leak.incident.leak_class = "spatial"
    leak.incident.save()
    assert cast.viewer.get(address, seen, headers=HTMX).status_code == 200
