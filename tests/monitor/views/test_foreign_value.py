"""What convinces an engineer that a value is somebody else's: on the incident's page, the run's, in the API."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils.html import escape

from monitor.models import Anomaly, Incident
from tests.detection.people_worlds import Traits, World
from tests.factories import make_api_key
from tests.monitor.services.crowds import settle_all
from tests.monitor.services.story import post
from tests.monitor.views.cast import HOSTILE, Cast, make_cast

pytestmark = pytest.mark.django_db
WORLD = World.of(3, 24, Traits(leak="cache", people=18))


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    post(cast.project, [replace(one, session=f"{one.session}{HOSTILE}") for one in WORLD.events])
    settle_all()
    return cast


def page(cast: Cast, address: str) -> str:
    response = cast.viewer.get(address)
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def test_the_incident_shows_the_proof_the_owner_and_whose_each_leaf_is(cast: Cast) -> None:
    proven = Anomaly.objects.filter(rule="foreign-value", evidence__proof="mirror").earliest("occurred_at", "id")
    why = proven.evidence
    text = page(cast, f"/incidents/{proven.incident.key}/?run={proven.run.run_id}")
    assert "Why this is another person’s" in text
    assert f"It equals {why['own']['path']} in {why['own']['equal']} of {why['own']['both']} runs" in text
    assert f">{why['own']['value']}</code>" in text
    assert f'href="/runs/{why["owner"]["run_id"]}/?at=' in text
    for path in (*why["own_paths"][:12], *why["owner_paths"][:12]):
        assert f">{path}</" in text


def test_what_a_sender_wrote_is_shown_as_text(cast: Cast) -> None:
    incident = Incident.objects.filter(rule="foreign-value").earliest("id")
    text = page(cast, f"/incidents/{incident.key}/")
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_the_run_says_in_a_sentence_what_proves_it(cast: Cast) -> None:
    one = Anomaly.objects.filter(rule="foreign-value").select_related("run", "event").earliest("id")
    assert escape(one.evidence["sentence"]) in page(cast, f"/runs/{one.run.run_id}/?at={one.event.event_id}")


def test_the_api_gives_the_evidence(cast: Cast) -> None:
    _, token = make_api_key(project=cast.project)
    answer = cast.anonymous.get(
        "/api/v1/anomalies?rule=foreign-value", headers={"Authorization": f"Bearer {token}"}
    )
    item = answer.json()["items"][0]
    assert item["evidence"]["sentence"]
    assert item["evidence"]["owner"]["session"].endswith(HOSTILE)
    assert item["source"]["run_id"]
