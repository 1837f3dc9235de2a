"""Postmortems are begun whole, never overwrite each other, and are published once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from monitor.models import Incident, IncidentLog, Postmortem, Project
from monitor.queries.postmortem_sections import SECTIONS, add_missing, read_timeline
from monitor.queries.postmortems import document, listing, markdown, of_incident, open_actions
from monitor.services.actor import Actor
from monitor.services.postmortems import ActionLine, Incomplete, Stale, Text, begin, publish, save
from tests.factories import (
    NOW,
    make_anomaly,
    make_channel,
    make_event,
    make_incident,
    make_notification,
    make_postmortem,
    make_project,
    make_run,
    make_user,
)

pytestmark = pytest.mark.django_db
WHOLE = Text(
    title="A cart in two sessions",
    summary="It happened.",
    impact="2 runs.",
    root_cause="A shared dict.",
    guideline_unclear="No.",
    review_missed="Yes.",
    test_gap="Yes.",
)


def a_leak(project: Project, user: User) -> Incident:
    """A resolved incident with two affected runs, an acknowledgement and a delivered alert."""
    incident = make_incident(
        project=project,
        occurred_at=NOW - timedelta(seconds=6),
        last_occurred_at=NOW + timedelta(minutes=20),
        status="resolved",
        resolved_at=NOW + timedelta(hours=1),
        resolved_by="Nada",
        acknowledged_at=NOW + timedelta(minutes=2),
        acknowledged_by="Nada",
    )
    for name, at in (("r-2", incident.occurred_at), ("r-3", incident.last_occurred_at)):
        run = make_run(project=project, run_id=name, now=at)
        make_anomaly(run=run, incident=incident, event=make_event(run=run, at=at))
    for minutes, kind in ((2, "acknowledged"), (60, "resolved")):
        at = NOW + timedelta(minutes=minutes)
        IncidentLog.objects.create(incident=incident, at=at, kind=kind, by="Nada", user=user)
    make_notification(channel=make_channel(project=project), incident=incident, status="delivered")
    return incident


def test_a_postmortem_begins_with_what_is_known() -> None:
    project = make_project()
    user = make_user(project=project)
    incident = a_leak(project, user)

    begun = begin(incident=incident, by=Actor.of_user(user), now=NOW)

    assert begun.title == "Another session in the context, checkout (INC-1)"
    assert "6\u00a0s after the first leak" in begun.summary
    assert "Nada resolved it 1\u00a0h after it was detected" in begun.summary
    assert "2 of 2 runs of checkout in that time" in begun.impact
    said = [moment.text for moment in read_timeline(begun.timeline)]
    assert said == [
        "**First leak** in checkout at LoadCart, run r-2 (sender's clock)",
        "Detected by the rule foreign-session",
        "Alert (opened) delivered to on call in 0\u00a0s",
        "**Nada** acknowledged it",
        "**Last leak** in checkout at LoadCart, run r-3 (sender's clock)",
        "**Nada** resolved it",
    ]
    assert begun.created_by == user
    assert incident.log.filter(kind="postmortem_begun").count() == 1


def test_beginning_again_opens_what_was_begun() -> None:
    project = make_project()
    by, incident = Actor.of_user(make_user(project=project)), make_incident(project=project)
    first = begin(incident=incident, by=by, now=NOW)
    Postmortem.objects.filter(pk=first.pk).update(summary="mine")
    again = begin(incident=incident, by=by, now=NOW)
    assert (again.pk, again.summary) == (first.pk, "mine")
    assert Postmortem.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_begin_at_once_get_one_draft() -> None:
    project = make_project()
    by, incident = Actor.of_user(make_user(project=project)), make_incident(project=project)
    together, begun = threading.Barrier(2), []

    def press() -> None:
        together.wait()
        begun.append(begin(incident=incident, by=by, now=NOW).pk)
        connection.close()

    people = [threading.Thread(target=press) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(begun) == 2
    assert len(set(begun)) == Postmortem.objects.count() == 1


def test_a_senders_markup_stays_text_in_the_draft() -> None:
    project = make_project()
    incident = make_incident(project=project, title="![x](http://evil.example/) <b>\n# big", workflow="a|b")
    begun = begin(incident=incident, by=Actor.of_user(make_user(project=project)), now=NOW)
    assert "\n# big" not in begun.summary
    assert r"!\[x\](http" in begun.summary
    assert r"\<b\>" in begun.summary


def test_saving_on_top_of_somebody_elses_saving_is_refused() -> None:
    project = make_project()
    postmortem, by = make_postmortem(project=project), Actor.of_user(make_user(project=project))
    save(postmortem=postmortem, revision=1, text=replace(WHOLE, summary="hers"), actions=[], by=by, now=NOW)
    with pytest.raises(Stale):
        save(postmortem=postmortem, revision=1, text=replace(WHOLE, summary="his"), actions=[], by=by, now=NOW)
    postmortem.refresh_from_db()
    assert (postmortem.summary, postmortem.revision) == ("hers", 2)


def test_actions_are_kept_changed_added_and_dropped() -> None:
    project = make_project()
    postmortem, by = make_postmortem(project=project), Actor.of_user(make_user(project=project))
    due = date(2026, 11, 24)
    lines = [ActionLine("write the test", "Scott", due, done=True), ActionLine("ask around")]
    save(postmortem=postmortem, revision=1, text=WHOLE, actions=lines, by=by, now=NOW)
    first, second = postmortem.actions.order_by("position")
    assert (first.owner, first.due, first.done_at, second.done_at) == ("Scott", due, NOW, None)

    later = NOW + timedelta(days=1)
    lines = [ActionLine("new"), ActionLine("write both tests", "Scott", due, done=True, pk=first.pk)]
    save(postmortem=postmortem, revision=2, text=WHOLE, actions=lines, by=by, now=later)
    new, kept = postmortem.actions.order_by("position")
    assert (new.text, kept.pk, kept.text, kept.done_at) == ("new", first.pk, "write both tests", NOW)


def test_another_postmortems_action_is_not_touched_by_its_number() -> None:
    project = make_project()
    by = Actor.of_user(make_user(project=project))
    mine, other = make_postmortem(project=project), make_postmortem(project=project)
    theirs = other.actions.create(text="theirs")
    save(postmortem=mine, revision=1, text=WHOLE, actions=[ActionLine("x", pk=theirs.pk)], by=by, now=NOW)
    theirs.refresh_from_db()
    assert (theirs.text, theirs.postmortem) == ("theirs", other)


def test_publishing_says_what_is_missing_and_happens_once() -> None:
    project = make_project()
    by, incident = Actor.of_user(make_user(name="nada", project=project)), make_incident(project=project)
    postmortem = make_postmortem(project=project, incident=incident, summary="x", impact=" ")
    with pytest.raises(Incomplete) as refusal:
        publish(postmortem=postmortem, by=by, now=NOW)
    names = [section.name for section in refusal.value.sections]
    assert names == ["impact", "root_cause", "guideline_unclear", "review_missed", "test_gap"]

    save(postmortem=postmortem, revision=1, text=WHOLE, actions=[], by=by, now=NOW)
    publish(postmortem=postmortem, by=by, now=NOW)
    published = publish(postmortem=postmortem, by=by, now=NOW + timedelta(days=1))
    assert (published.status, published.published_at, published.published_by) == ("published", NOW, "nada")
    assert incident.log.filter(kind="postmortem_published").count() == 1


def test_a_published_one_may_be_corrected_but_not_emptied() -> None:
    project = make_project()
    by = Actor.of_user(make_user(project=project))
    postmortem = make_postmortem(project=project)
    save(postmortem=postmortem, revision=1, text=WHOLE, actions=[], by=by, now=NOW)
    publish(postmortem=postmortem, by=by, now=NOW)
    save(postmortem=postmortem, revision=2, text=replace(WHOLE, test_gap="None."), actions=[], by=by, now=NOW)
    with pytest.raises(Incomplete, match="Summary"):
        save(postmortem=postmortem, revision=3, text=replace(WHOLE, summary=""), actions=[], by=by, now=NOW)
    postmortem.refresh_from_db()
    assert (postmortem.summary, postmortem.test_gap, postmortem.revision) == (WHOLE.summary, "None.", 3)


def test_the_document_counts_what_is_overdue_where_the_project_is() -> None:
    project = make_project(time_zone="Pacific/Auckland")  # NOW is 23:00 there
    postmortem = make_postmortem(project=project, summary="x")
    for due in (date(2026, 11, 19), date(2026, 11, 20), None):
        postmortem.actions.create(text="a", due=due)
    found = document(postmortem, now=NOW + timedelta(hours=2))
    assert [action.overdue_days for action in found.actions] == [2, 1, 0]
    assert [action.due for action in open_actions(project)] == [date(2026, 11, 19), date(2026, 11, 20), None]


def test_the_list_goes_on_where_the_page_ended() -> None:
    project = make_project()
    made = [make_postmortem(project=project, title=str(n)) for n in range(5)]
    make_postmortem(project=make_project())
    seen: list[str] = []
    after = None
    while True:
        lines, after = listing(project, now=NOW, after=after, limit=2)
        seen += [line.postmortem.title for line in lines]
        if after is None:
            break
    assert seen == [postmortem.title for postmortem in reversed(made)]
    assert listing(project, now=NOW, status="published")[0] == []


def test_an_incidents_draft_comes_before_its_published_one() -> None:
    project = make_project()
    incident = make_incident(project=project)
    assert of_incident(incident) is None
    published: dict[str, Any] = {"status": "published", "published_at": NOW, "published_by": "Nada"}
    draft = make_postmortem(project=project, incident=incident)
    make_postmortem(project=project, incident=incident, **published)
    assert of_incident(incident) == draft


def test_a_timeline_that_was_written_freely_is_left_as_it_is() -> None:
    assert read_timeline("- 2026-11-17 11:58:00 UTC: **First leak** there\n- 2026-11-17 12:02: **Nada** woke")[
        1
    ].mark
    assert read_timeline("- 2026-11-17 11:58:00 UTC: one\nthen another") == ()
    assert read_timeline("- 2026-13-41 11:58:00 UTC: no such day") == ()
    assert read_timeline("") == ()


def test_what_is_added_to_a_free_timeline_stands_at_its_end() -> None:
    line = "- 2026-11-17 11:58:00 UTC: Detected"
    assert add_missing("We slept.\n", [line]) == f"We slept.\n{line}"
    assert add_missing(f"{line} late", [line]) == f"{line} late"


def test_the_markdown_holds_every_section_and_action() -> None:
    project = make_project()
    postmortem = make_postmortem(project=project, incident=make_incident(project=project), summary="What was.")
    postmortem.actions.create(text="write the test", owner="Scott", due=date(2026, 11, 24), done_at=NOW)
    text = markdown(document(postmortem, now=NOW))
    assert text.startswith("# A cart in two sessions\n\nDraft. Incidents: INC-1.\n")
    assert all(f"# {section.title}\n" in text for section in SECTIONS)
    assert "- [x] write the test (Scott, due 2026-11-24)" in text
