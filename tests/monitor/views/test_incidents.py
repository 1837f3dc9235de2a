"""The list of incidents: the query box, pages, parts that refresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.queries.incident_list import PAGE
from tests.factories import make_incident, make_project, make_user
from tests.monitor.views.cast import Cast, fill, make_cast, make_leak

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def keys(client: Client, query: str) -> list[str]:
    return [row.key for row in client.get("/incidents/", {"q": query}).context["found"].rows]


def test_without_a_query_the_active_ones_are_shown(cast: Cast) -> None:
    make_leak(cast.project, n=1)
    make_incident(project=cast.project, status="known")
    response = cast.viewer.get("/incidents/")
    assert [row.key for row in response.context["found"].rows] == ["INC-1"]
    assert 'aria-current="true">Active' in response.content.decode()


def test_terms_narrow_and_words_are_looked_for(cast: Cast) -> None:
    one = make_leak(cast.project, n=1, severity="critical")
    make_leak(
        cast.project, n=2, severity="high", leak_class="spatial", rule="foreign-tenant", title="A wrong cart"
    )
    make_incident(project=cast.project, status="known", workflow="price basket")
    assert keys(cast.viewer, "") == ["INC-3", "INC-2", "INC-1"] or len(keys(cast.viewer, "")) == 3
    assert keys(cast.viewer, "is:known") == ["INC-3"]
    assert keys(cast.viewer, "severity:high class:spatial") == ["INC-2"]
    assert keys(cast.viewer, "-is:known -severity:high") == ["INC-1"]
    assert keys(cast.viewer, "rule:foreign-tenant") == ["INC-2"]
    assert keys(cast.viewer, 'workflow:"price basket"') == ["INC-3"]
    assert keys(cast.viewer, f"run:{one.victim.run_id}") == ["INC-1"]
    assert keys(cast.viewer, "session:s-2-1") == ["INC-1"]
    assert keys(cast.viewer, "wrong CART") == ["INC-2"]
    assert keys(cast.viewer, "inc-3") == ["INC-3"]


def test_whose_it_is_can_be_asked(cast: Cast) -> None:
    make_incident(project=cast.project, assignee=cast.responder_user)
    make_incident(project=cast.project)
    assert keys(cast.responder, "who:me") == ["INC-1"]
    assert keys(cast.viewer, "who:me") == []
    assert keys(cast.viewer, "who:NADA") == ["INC-1"]
    assert keys(cast.viewer, "who:nobody") == ["INC-2"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("is:broken", "is: is one of open, acknowledged"),
        ("colour:red", "There is no colour:"),
        ('text "unfinished', "A quote is opened and never closed"),
        ("severity:", "A value is missing"),
    ],
)
def test_a_wrong_query_says_what_is_wrong_and_where(cast: Cast, query: str, said: str) -> None:
    make_leak(cast.project)
    response = cast.viewer.get("/incidents/", {"q": query})
    page = response.content.decode()
    assert response.status_code == 200
    assert said in page
    assert "This query was not searched" in page
    assert response.context["found"].rows == ()


def test_empty_lists_say_what_would_be_here(cast: Cast) -> None:
    assert "No incident is open or acknowledged" in cast.viewer.get("/incidents/").content.decode()
    assert "has had no incident yet" in cast.viewer.get("/incidents/?q=").content.decode()
    assert "finds no incident" in cast.viewer.get("/incidents/?q=nothing").content.decode()


def test_pages_follow_each_other_without_gap_or_repetition(cast: Cast) -> None:
    now = timezone.now()
    for n in range(PAGE + 3):
        make_incident(project=cast.project, now=now - timedelta(minutes=n % 4))
    first = cast.viewer.get("/incidents/", {"q": ""}).context["found"]
    second = cast.viewer.get("/incidents/", {"q": "", "cursor": first.next}).context["found"]
    shown = [row.key for row in (*first.rows, *second.rows)]
    assert len(shown) == len(set(shown)) == PAGE + 3
    assert second.next == ""
    garbage = cast.viewer.get("/incidents/", {"q": "", "cursor": "nonsense"}).context["found"]
    assert garbage.rows == first.rows


def test_the_list_refreshes_as_a_fragment(cast: Cast) -> None:
    part = cast.viewer.get("/incidents/", {"q": "is:active"}, headers=HTMX)
    assert part.content.decode().lstrip().startswith('<section class="stack-tight" id="list"')
    asked = {"q": "is:active", "seen": part.context["version"]}
    assert cast.viewer.get("/incidents/", asked, headers=HTMX).status_code == 204
    make_leak(cast.project)
    assert "INC-1" in cast.viewer.get("/incidents/", asked, headers=HTMX).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rows() -> None:
    counts = []
    for rows in (2, 20):
        project = make_project()
        fill(project, rows)
        client = Client()
        client.force_login(make_user(project=project, role="responder"))
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get("/incidents/").context["found"].rows) == rows
        counts.append(len(captured))
    assert counts[0] == counts[1]
