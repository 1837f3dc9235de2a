"""Who is told, and when."""

from __future__ import annotations

import pytest
from standardwebhooks import Webhook

from monitor.channels.webhook import new_secret
from monitor.models import Channel, Notification, Project
from monitor.services import notify
from monitor.services.actor import Actor
from tests.factories import (
    NOW,
    make_anomaly,
    make_channel,
    make_incident,
    make_notification,
    make_project,
    make_run,
)

ANN = Actor(label="Ann")


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def create(project: Project, **fields: str) -> Channel:
    wanted = {"name": "on call", "url": "https://hooks.example.com/x", **fields}
    return notify.create_webhook(project=project, by=ANN, now=NOW, **wanted)


def test_a_webhook_has_a_secret_of_its_own(project: Project) -> None:
    one, other = create(project), create(project)
    assert one.secret.startswith("whsec_")
    assert one.secret != other.secret
    assert Webhook(one.secret)
    given = new_secret()
    assert create(project, secret=given).secret == given


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "http://127.0.0.1/"}, "not a public address"),
        ({"url": "ftp://example.com/"}, "http"),
        ({"url": "https://me:pw@example.com/"}, "credentials"),
        ({"secret": "weak"}, "signing secret"),
        ({"name": "  "}, "name"),
    ],
)
def test_what_can_never_work_is_refused(project: Project, fields: dict[str, str], message: str) -> None:
    with pytest.raises(notify.InvalidChannel, match=message):
        create(project, **fields)
    assert not Channel.objects.exists()


def test_an_alert_says_the_incident_its_sentence_and_its_source(project: Project) -> None:
    incident = make_incident(project=project)
    make_anomaly(
        run=make_run(project=project, run_id="r-2"),
        incident=incident,
        source_run_id="r-1",
        source_step="LoadCart",
        source_path="$.session_id",
        source_resource="redis:cart:current",
        observed={"never": "sent"},
    )
    make_channel(project=project)
    assert notify.enqueue(incident=incident, kind=notify.OPENED, now=NOW) == 1
    row = Notification.objects.get()
    assert (row.kind, row.status, row.next_try_at, row.incident) == ("incident.opened", "pending", NOW, incident)
    assert row.payload["type"] == "incident.opened"
    assert row.payload["timestamp"] == "2026-11-20T10:00:00Z"
    data = row.payload["data"]
    assert (data["key"], data["severity"], data["class"], data["runs"]) == ("INC-1", "critical", "temporal", 1)
    assert data["sentence"] == incident.title
    assert data["project"] == project.slug
    assert data["source"] == {
        "run_id": "r-1",
        "step": "LoadCart",
        "path": "$.session_id",
        "resource": "redis:cart:current",
    }
    assert "never" not in str(row.payload)


def test_each_channel_of_the_project_hears_of_a_change_once(project: Project) -> None:
    make_channel(project=project)
    make_channel(project=project)
    make_channel(project=project, enabled=False)
    make_channel(project=make_project())
    incident = make_incident(project=project)
    for _ in range(2):
        assert notify.enqueue(incident=incident, kind=notify.OPENED, now=NOW) == 2
    assert Notification.objects.count() == 2
    incident.reopened = 1
    notify.enqueue(incident=incident, kind=notify.REOPENED, now=NOW)
    notify.enqueue(incident=incident, kind=notify.RESOLVED, now=NOW)
    assert Notification.objects.count() == 6


def test_a_removed_webhook_hears_nothing_more_and_its_history_stays(project: Project) -> None:
    channel = make_channel(project=project)
    delivered = make_notification(channel=channel, status="delivered")
    waiting = make_notification(channel=channel)
    notify.remove_webhook(channel=channel, by=ANN, now=NOW)
    channel.refresh_from_db()
    assert (channel.enabled, channel.secret) == (False, "")
    assert notify.enqueue(incident=make_incident(project=project), kind=notify.OPENED, now=NOW) == 0
    waiting.refresh_from_db()
    delivered.refresh_from_db()
    assert (waiting.status, waiting.next_try_at, delivered.status) == ("given_up", None, "delivered")
    with pytest.raises(notify.InvalidChannel, match="removed"):
        notify.send_test(channel=channel, by=ANN, now=NOW)


def test_a_test_says_who_asked_and_can_be_repeated(project: Project) -> None:
    channel = make_channel(project=project)
    one = notify.send_test(channel=channel, by=ANN, now=NOW)
    other = notify.send_test(channel=channel, by=ANN, now=NOW)
    assert one.uuid != other.uuid
    assert (one.kind, one.incident, one.status) == ("test", None, "pending")
    assert one.payload["type"] == "test"
    assert "Ann" in one.payload["data"]["message"]
