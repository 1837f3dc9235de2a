"""Postmortems on the site: the list, the document, the editor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from monitor.models import IncidentLog, Postmortem, Project
from tests.factories import NOW, make_incident, make_postmortem, make_project, make_user

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror="alert(1)">'
WHOLE = {
    "title": "A cart in two sessions",
    "summary": "It happened.",
    "impact": "2 runs.",
    "timeline": "- 2026-11-20 10:00:00 UTC: **Nada** woke up",
    "detection": "",
    "root_cause": "A shared dict.",
    "guideline_unclear": "No.",
    "review_missed": "Yes.",
    "test_gap": "Yes.",
    "made_sense": "",
    "went_well": "",
    "searched_elsewhere": "",
}


def signed_in(project: Project, role: str = "responder") -> Client:
    client = Client()
    client.force_login(make_user(project=project, role=role))
    return client


def posted(revision: int, actions: list[dict[str, str]] | None = None, **fields: str) -> dict[str, Any]:
    """What the editor sends."""
    data: dict[str, Any] = {**WHOLE, "revision": str(revision), **fields}
    for index, action in enumerate(actions or []):
        data.setdefault("row", []).append(str(index))
        data |= {f"a{index}-{name}": value for name, value in action.items()}
    return data


def test_an_incidents_postmortem_is_begun_edited_published_and_downloaded() -> None:
    project = make_project()
    client, incident = signed_in(project), make_incident(project=project)
    begun = client.post(f"/incidents/{incident.key}/postmortem/")
    made = Postmortem.objects.get()
    address = f"/postmortems/{made.uuid}/"
    assert begun.headers["Location"] == f"{address}edit/"
    assert "Detected by the rule foreign-session" in client.get(f"{address}edit/").content.decode()

    action = {"text": "Write the test", "owner": "Scott", "due": "2026-11-24"}
    assert client.post(f"{address}edit/", posted(1, [action, {"text": ""}])).headers["Location"] == address
    draft = client.get(address).content.decode()
    assert "A draft, and whole." in draft
    assert "Write the test" in draft

    client.post(f"{address}publish/")
    published = client.get(address).content.decode()
    assert "Published " in published
    assert f'action="{address}publish/"' not in published
    text = client.get(f"{address}postmortem.md")
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "## Root cause\n\nA shared dict." in text.content.decode()
    assert client.post(f"/incidents/{incident.key}/postmortem/").headers["Location"] == address


def test_publishing_too_early_says_what_is_missing() -> None:
    project = make_project()
    client, made = signed_in(project), make_postmortem(project=project, summary="x")
    page = client.get(f"/postmortems/{made.uuid}/").content.decode()
    assert f'href="/postmortems/{made.uuid}/edit/#root_cause"' in page
    answer = client.post(f"/postmortems/{made.uuid}/publish/", follow=True).content.decode()
    assert "Not published. Still to be written: Impact, Root cause" in answer
    made.refresh_from_db()
    assert made.status == "draft"


def test_a_stale_editor_is_refused_and_keeps_its_text() -> None:
    project = make_project()
    hers, his = signed_in(project), signed_in(project)
    made = make_postmortem(project=project)
    address = f"/postmortems/{made.uuid}/edit/"
    hers.post(address, posted(1, [{"text": "her action"}], summary="her words"))
    refused = his.post(address, posted(1, [{"text": "his action"}], summary="his words"))
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Not saved: somebody saved revision 2 while you wrote." in page
    assert "his words</textarea>" in page
    assert '<pre tabindex="0">her words</pre>' in page
    assert 'value="his action"' in page
    assert "her action" in page
    assert '<input type="hidden" name="revision" value="2">' in page
    made.refresh_from_db()
    assert made.summary == "her words"
    assert his.post(address, posted(2, summary="both")).status_code == 302


def test_rows_are_added_and_removed_without_javascript_and_nothing_is_lost() -> None:
    project = make_project()
    client, made = signed_in(project), make_postmortem(project=project)
    address = f"/postmortems/{made.uuid}/edit/"
    one = [{"text": "first", "owner": "Nada"}, {"text": "second"}]
    added = client.post(address, posted(1, one, do="add", summary="not lost"))
    assert list(added.context["editor"].actions) == [0, 1, 2]
    assert "not lost</textarea>" in added.content.decode()
    removed = client.post(address, posted(1, one, do="remove-0", summary="not lost"))
    page = removed.content.decode()
    assert list(removed.context["editor"].actions) == [1]
    assert 'value="second"' in page
    assert 'value="first"' not in page
    made.refresh_from_db()
    assert (made.revision, made.actions.count()) == (1, 0)


def test_with_htmx_only_the_rows_come_back() -> None:
    project = make_project()
    client, made = signed_in(project), make_postmortem(project=project)
    data = posted(1, [{"text": "first"}], do="add")
    part = client.post(f"/postmortems/{made.uuid}/edit/", data, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<fieldset class="pm-actions" id="actions">')
    assert part.count('name="row"') == 2


def test_the_timeline_is_brought_up_to_date_without_losing_what_was_edited() -> None:
    project = make_project()
    client, incident = signed_in(project), make_incident(project=project)
    client.post(f"/incidents/{incident.key}/postmortem/")
    made = Postmortem.objects.get()
    edited = "- 2026-11-20 10:00:00 UTC: Detected, and nobody slept"
    later = NOW + timedelta(minutes=5)
    IncidentLog.objects.create(incident=incident, at=later, kind="noted", by="Crosstalk", note="It spread.")
    data = posted(1, do="timeline", timeline=f"- 2026-11-20 10:07:00 UTC: we met\n{edited}", summary="kept")
    page = client.post(f"/postmortems/{made.uuid}/edit/", data).content.decode()
    before, met, begun = (page.index(each) for each in (edited, "Noted: It spread.", "we met"))
    assert before < met < begun
    assert "Detected by the rule" not in page
    assert "kept</textarea>" in page
    made.refresh_from_db()
    assert made.revision == 1


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"text": "", "owner": "Scott"}, "Say what is to be done, or remove the row."),
        ({"text": "x", "due": "tomorrow"}, "Write the date as 2026-11-24."),
    ],
)
def test_a_wrong_action_is_explained_and_nothing_is_saved(action: dict[str, str], said: str) -> None:
    project = make_project()
    client, made = signed_in(project), make_postmortem(project=project)
    answer = client.post(f"/postmortems/{made.uuid}/edit/", posted(1, [action], summary="kept"))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "kept</textarea>" in answer.content.decode()
    made.refresh_from_db()
    assert made.summary == ""


def test_a_published_one_cannot_lose_what_it_needs() -> None:
    project = make_project()
    client, made = signed_in(project), make_postmortem(project=project)
    client.post(f"/postmortems/{made.uuid}/edit/", posted(1))
    client.post(f"/postmortems/{made.uuid}/publish/")
    answer = client.post(f"/postmortems/{made.uuid}/edit/", posted(2, impact=""))
    assert answer.status_code == 422
    assert "Still to be written: Impact." in answer.content.decode()


def test_markdown_is_drawn_and_nothing_else() -> None:
    project = make_project()
    summary = (
        f"**bold** {HOSTILE}\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](https://example.com/)"
        "\n\n![i](https://example.com/i.png)\n\n# Big\n\n| a | b |\n|---|---|\n| c | d |"
    )
    timeline = f"- 2026-11-20 10:00:00 UTC: **First leak** {HOSTILE} [x](javascript:alert(1))"
    made = make_postmortem(project=project, summary=summary, timeline=timeline, title=HOSTILE)
    made.actions.create(text=HOSTILE, owner=HOSTILE)
    page = signed_in(project, "viewer").get(f"/postmortems/{made.uuid}/").content.decode()
    assert "<strong>bold</strong>" in page
    assert "<h3>Big</h3>" in page
    assert "<td>d</td>" in page
    assert '<a href="https://example.com/" rel="noopener noreferrer nofollow">b</a>' in page
    assert "<img" not in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert 'data-mark="leak"' in page
    editor = signed_in(project).get(f"/postmortems/{made.uuid}/edit/").content.decode()
    assert "<img" not in editor
    assert "<script>alert" not in editor


def test_a_viewer_reads_and_a_responder_writes() -> None:
    project = make_project()
    made, incident = make_postmortem(project=project), make_incident(project=project)
    viewer = signed_in(project, "viewer")
    assert viewer.get("/postmortems/").status_code == 200
    page = viewer.get(f"/postmortems/{made.uuid}/")
    assert page.status_code == 200
    assert f"/postmortems/{made.uuid}/edit/" not in page.content.decode()
    assert viewer.get(f"/postmortems/{made.uuid}/edit/").status_code == 403
    assert viewer.post(f"/postmortems/{made.uuid}/edit/", posted(1)).status_code == 403
    assert viewer.post(f"/postmortems/{made.uuid}/publish/").status_code == 403
    assert viewer.post(f"/incidents/{incident.key}/postmortem/").status_code == 403
    assert signed_in(project, "admin").get(f"/postmortems/{made.uuid}/edit/").status_code == 200


def test_a_strangers_postmortem_is_not_there() -> None:
    theirs = make_project()
    made, incident = make_postmortem(project=theirs), make_incident(project=theirs, number=77)
    client = signed_in(make_project(), "admin")
    for path in ("", "edit/", "postmortem.md"):
        assert client.get(f"/postmortems/{made.uuid}/{path}").status_code == 404
    assert client.post(f"/postmortems/{made.uuid}/publish/").status_code == 404
    assert client.post(f"/incidents/{incident.key}/postmortem/").status_code == 404
    assert client.get(f"/postmortems/{uuid4()}/").status_code == 404
    assert made.title not in client.get("/postmortems/").content.decode()


def test_the_empty_list_offers_the_incident_that_was_resolved_last() -> None:
    project = make_project()
    fields: dict[str, Any] = {"status": "resolved", "resolved_at": NOW, "resolved_by": "Nada"}
    incident = make_incident(project=project, **fields)
    assert f"Begin with {incident.key}" in signed_in(project).get("/postmortems/").content.decode()
    assert "Begin with" not in signed_in(project, "viewer").get("/postmortems/").content.decode()


def test_the_list_is_filtered_and_goes_on() -> None:
    project = make_project()
    published: dict[str, Any] = {"status": "published", "published_at": NOW, "published_by": "Nada"}
    make_postmortem(project=project, title="Finished", **published)
    for number in range(51):
        make_postmortem(project=project, title=f"Draft {number}")
    client = signed_in(project)
    first = client.get("/postmortems/?status=draft")
    assert len(first.context["lines"]) == 50
    rest = client.get(f"/postmortems/?status=draft&after={first.context['next']}")
    assert [line.postmortem.title for line in rest.context["lines"]] == ["Draft 0"]
    listed = client.get("/postmortems/?status=published").context["lines"]
    assert [line.postmortem.title for line in listed] == ["Finished"]
    assert client.get("/postmortems/?status=x&after=y").status_code == 200


def queries(many: int, django_assert_max_num_queries: Any) -> tuple[int, int]:
    project = make_project()
    for _ in range(many):
        made = make_postmortem(project=project, incident=make_incident(project=project))
        for number in range(many):
            made.actions.create(text=str(number))
    client, counts = signed_in(project), []
    for path in ("/postmortems/", f"/postmortems/{made.uuid}/"):
        client.get(path)
        with django_assert_max_num_queries(20) as seen:
            client.get(path)
        counts.append(len(seen))
    return counts[0], counts[1]


def test_two_and_twenty_rows_take_the_same_queries(django_assert_max_num_queries: Any) -> None:
    assert queries(2, django_assert_max_num_queries) == queries(20, django_assert_max_num_queries)
