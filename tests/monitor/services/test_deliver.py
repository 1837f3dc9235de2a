"""Alerts on their way to a real receiver that may fail, stall, redirect or vanish."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook

from monitor.models import Channel, DeliveryAttempt, Notification
from monitor.services import deliver
from monitor.services.deliver import deliver_due, next_try
from tests.factories import NOW, make_channel, make_notification, make_project
from tests.monitor.channels.receiver import Receiver, answer, receiving, trickle

HOUR = timedelta(hours=1)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.OUTBOUND_TIMEOUT_SECONDS = 5.0
    with receiving(answer(200)) as one:
        yield one


@pytest.fixture
def channel(db: None, receiver: Receiver) -> Channel:
    return make_channel(project=make_project(), url=receiver.url)


def attempts(notification: Notification) -> list[tuple[int, int | None, str]]:
    rows = DeliveryAttempt.objects.filter(notification=notification).order_by("number")
    return list(rows.values_list("number", "status_code", "answer"))


def test_it_arrives_signed_and_is_recorded(channel: Channel, receiver: Receiver) -> None:
    now = datetime.now(UTC)
    payload = {"type": "incident.opened", "data": {"key": "INC-1"}}
    row = make_notification(channel=channel, payload=payload, now=now)
    assert deliver_due(now=now, limit=10) == 1
    (request,) = receiver.requests
    assert Webhook(channel.secret).verify(request.body, request.headers) == row.payload
    assert request.headers["webhook-id"] == str(row.uuid)
    row.refresh_from_db()
    assert (row.status, row.attempts, row.next_try_at) == ("delivered", 1, None)
    assert row.delivered_at is not None
    assert row.delivered_at >= now
    assert attempts(row) == [(1, 200, "ok")]
    assert deliver_due(now=now + HOUR, limit=10) == 0


def test_a_failure_is_tried_again_under_the_same_id(channel: Channel, receiver: Receiver) -> None:
    row = make_notification(channel=channel)
    receiver.respond = answer(503, b"busy")
    deliver_due(now=NOW, limit=10)
    row.refresh_from_db()
    assert row.status == "pending"
    assert row.next_try_at is not None
    assert row.next_try_at > NOW
    assert deliver_due(now=NOW, limit=10) == 0
    receiver.respond = answer(204, b"")
    assert deliver_due(now=NOW + HOUR, limit=10) == 1
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("delivered", 2)
    assert attempts(row) == [(1, 503, "busy"), (2, 204, "")]
    assert {request.headers["webhook-id"] for request in receiver.requests} == {str(row.uuid)}


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 410])
def test_a_receiver_that_says_never_is_not_asked_again(channel: Channel, receiver: Receiver, status: int) -> None:
    row = make_notification(channel=channel)
    receiver.respond = answer(status, Location=receiver.url)
    deliver_due(now=NOW, limit=10)
    row.refresh_from_db()
    assert (row.status, row.next_try_at, row.attempts) == ("given_up", None, 1)
    assert len(receiver.requests) == 1


def test_a_longer_retry_after_is_obeyed(channel: Channel, receiver: Receiver) -> None:
    row = make_notification(channel=channel)
    receiver.respond = answer(429, Retry_After="600")
    deliver_due(now=NOW, limit=10)
    row.refresh_from_db()
    assert row.next_try_at is not None
    assert timedelta(0) <= row.next_try_at - NOW - timedelta(seconds=600) < timedelta(seconds=60)


def test_after_a_day_of_failures_it_is_given_up(channel: Channel, receiver: Receiver, settings: Settings) -> None:
    settings.ALERT_GIVE_UP_SECONDS = 24 * 3600
    row = make_notification(channel=channel)
    receiver.respond = answer(500)
    at, tries = NOW, 0
    while Notification.objects.filter(status="pending").exists():
        at = Notification.objects.get().next_try_at or at
        assert at < NOW + timedelta(days=1)
        tries += deliver_due(now=at, limit=1)
        assert tries < 500
    row.refresh_from_db()
    assert (row.status, row.attempts, row.delivered_at) == ("given_up", tries, None)
    assert tries > 20


def test_waits_double_up_to_an_hour_with_jitter(settings: Settings) -> None:
    settings.ALERT_GIVE_UP_SECONDS = 10**6

    def longest(attempts: int) -> float:
        moments = (next_try(attempts=attempts, wait_seconds=0, created_at=NOW, at=NOW) for _ in range(300))
        return max((moment - NOW).total_seconds() for moment in moments if moment is not None)

    assert 3 <= longest(1) <= 5
    assert 20 < longest(4) <= 40
    assert 2500 < longest(30) <= 3600
    assert next_try(attempts=1, wait_seconds=10**6, created_at=NOW, at=NOW) is None


def test_a_stalling_receiver_costs_its_time_out_and_no_more(
    channel: Channel, receiver: Receiver, settings: Settings
) -> None:
    settings.OUTBOUND_TIMEOUT_SECONDS = 0.4
    row = make_notification(channel=channel)
    receiver.respond = trickle(lambda: receiver.over)
    deliver_due(now=NOW, limit=10)
    row.refresh_from_db()
    (attempt,) = DeliveryAttempt.objects.all()
    assert (row.status, attempt.status_code) == ("pending", None)
    assert "no whole answer" in attempt.error
    assert 300 <= attempt.duration_ms < 3000


def test_an_address_that_is_not_allowed_is_given_up_with_a_reason(
    channel: Channel, receiver: Receiver, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    row = make_notification(channel=channel)
    deliver_due(now=NOW, limit=10)
    row.refresh_from_db()
    assert row.status == "given_up"
    assert "OUTBOUND_ALLOWED_NETWORKS" in DeliveryAttempt.objects.get().error
    assert receiver.requests == []


def test_a_broken_channel_does_not_hold_up_the_others(channel: Channel, receiver: Receiver) -> None:
    broken = make_channel(project=channel.project, url=receiver.url, secret="")
    first = make_notification(channel=broken)
    second = make_notification(channel=channel)
    assert deliver_due(now=NOW, limit=10) == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("pending", "delivered")
    assert DeliveryAttempt.objects.get(notification=first).error == "EmptyWebhookSecretError"


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(
    channel: Channel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_notification(channel=channel)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deliver, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            deliver_due(now=NOW, limit=1)
    assert deliver_due(now=NOW, limit=1) == 0, "the lease still stands"
    assert deliver_due(now=NOW + HOUR, limit=1) == 1
    assert [request.headers["webhook-id"] for request in receiver.requests] == [str(row.uuid)] * 2
    row.refresh_from_db()
    assert row.status == "delivered"


def test_a_binary_answer_is_kept_as_text(channel: Channel, receiver: Receiver) -> None:
    row = make_notification(channel=channel)
    receiver.respond = answer(200, b"\x00\xff" + b"z" * 10_000)
    deliver_due(now=NOW, limit=1)
    (kept,) = attempts(row)
    assert kept[2] == "��" + "z" * 498


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_alert_once(settings: Settings) -> None:
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with receiving(answer(200)) as receiver:
        channel = make_channel(project=make_project(), url=receiver.url)
        for _ in range(20):
            make_notification(channel=channel)

        def work(_: int) -> int:
            try:
                return deliver_due(now=NOW, limit=30)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(work, range(2))) == 20
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(ids) == len(set(ids)) == 20
    assert not Notification.objects.exclude(status="delivered", attempts=1).exists()
