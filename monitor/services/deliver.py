"""Delivers pending notifications: claimed by a lease, sent outside any transaction, then recorded.

A worker that dies between sending and recording leaves the lease to run out: the message is sent
again under the same id, so every alert arrives at least once and the receiver can tell.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from celery.utils.time import get_exponential_backoff_interval
from django.conf import settings
from django.db import transaction

from monitor.channels import outbound, webhook
from monitor.channels.addresses import parse_networks
from monitor.models import Channel, DeliveryAttempt, Notification
from monitor.services import counters

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600
LEASE_SLACK_SECONDS = 30.0

Status = Notification.Status
_OUTCOMES = {"delivered": "delivered", "passing": "failed", "permanent": "refused"}


@dataclass(frozen=True, slots=True)
class Try:
    """What became of one attempt: `outcome` as `webhook.outcome` names it."""

    outcome: webhook.Outcome
    status_code: int | None = None
    error: str = ""
    answer: str = ""
    wait_seconds: float = 0.0


def deliver_due(*, now: datetime, limit: int, kinds: Collection[str] = ()) -> int:
    """Tries up to `limit` due notifications, oldest first, one after the other; gives how many.

    `kinds` are the only ones that it touches, all without it.

    `now` is the server's time at the call; later moments are `now` plus the time passed since.
    """
    began = time.monotonic()
    for tried in range(limit):
        at = now + timedelta(seconds=time.monotonic() - began)
        notification = _claim(at, kinds)
        if notification is None:
            return tried
        sent = time.monotonic()
        outcome = _send(notification, at)
        _record(notification, outcome, at=at, took=timedelta(seconds=time.monotonic() - sent))
    return limit


def next_try(*, attempts: int, wait_seconds: float, created_at: datetime, at: datetime) -> datetime | None:
    """When a message that failed passingly is tried again, or None: it is given up.

    `attempts` counts those made. The wait doubles from 5 s to an hour, with full jitter so that
    receivers that come back are not overrun; a Retry-After is obeyed where it is longer.
    """
    backoff = get_exponential_backoff_interval(
        FIRST_RETRY_SECONDS, min(attempts - 1, 20), LONGEST_RETRY_SECONDS, full_jitter=True
    )
    again = at + timedelta(seconds=max(1.0, backoff, wait_seconds))
    return again if again < created_at + timedelta(seconds=settings.ALERT_GIVE_UP_SECONDS) else None


def _claim(at: datetime, kinds: Collection[str]) -> Notification | None:
    """Takes the row that is due longest for as long as a send may take."""
    lease = timedelta(seconds=settings.OUTBOUND_TIMEOUT_SECONDS + LEASE_SLACK_SECONDS)
    with transaction.atomic():
        due = Notification.objects.filter(status=Status.PENDING, next_try_at__lte=at).order_by("next_try_at", "id")
        if kinds:
            due = due.filter(kind__in=kinds)
        row = due.select_for_update(skip_locked=True, of=["self"]).select_related("channel").first()
        if row is not None:
            row.next_try_at = at + lease
            row.save(update_fields=["next_try_at"])
    return row


def _send(notification: Notification, at: datetime) -> Try:
    channel, message_id = notification.channel, str(notification.uuid)
    if channel.kind == Channel.SELF_CHECK:
        return Try("delivered")
    try:
        signed = webhook.sign(secret=channel.secret, message_id=message_id, payload=notification.payload, now=at)
        answer = _door().post(channel.url, headers=signed.headers, body=signed.body)
    except outbound.Forbidden as error:
        return Try("permanent", error=str(error)[:500])
    except outbound.Unreachable as error:
        return Try("passing", error=str(error)[:500])
    except Exception as error:  # one broken channel must not hold up the others
        logger.exception("an alert could not be sent", extra={"notification": message_id})
        return Try("passing", error=type(error).__name__)
    return Try(
        webhook.outcome(answer.status),
        status_code=answer.status,
        answer=answer.body.decode("utf-8", "replace").replace("\x00", "�"),
        wait_seconds=webhook.retry_after_seconds(answer.retry_after, now=at),
    )


def _record(notification: Notification, tried: Try, *, at: datetime, took: timedelta) -> None:
    """Stores the attempt and what follows; of a row that was given up meanwhile only the attempt."""
    with transaction.atomic():
        row = Notification.objects.select_for_update(no_key=True).get(pk=notification.pk)
        row.attempts += 1
        DeliveryAttempt.objects.create(
            notification=row,
            number=row.attempts,
            at=at,
            duration_ms=round(took.total_seconds() * 1000),
            status_code=tried.status_code,
            error=tried.error,
            answer=tried.answer,
        )
        if row.status == Status.PENDING:
            _settle(row, tried, at=at + took)
        row.save(update_fields=["attempts", "status", "delivered_at", "next_try_at"])
    attempt = f"{notification.channel.kind}/{_OUTCOMES[tried.outcome]}"
    counters.add(row.project_id, {(counters.ALERT_ATTEMPTS, attempt): 1})
    if row.status == Status.GIVEN_UP:
        logger.warning("alert given up", extra={"notification": str(row.uuid), "attempts": row.attempts})


def _settle(row: Notification, tried: Try, *, at: datetime) -> None:
    if tried.outcome == "delivered":
        row.status, row.delivered_at, row.next_try_at = Status.DELIVERED, at, None
        return
    row.next_try_at = None
    if tried.outcome == "passing":
        row.next_try_at = next_try(
            attempts=row.attempts, wait_seconds=tried.wait_seconds, created_at=row.created_at, at=at
        )
    if row.next_try_at is None:
        row.status = Status.GIVEN_UP


def _door() -> outbound.Door:
    return _make_door(tuple(settings.OUTBOUND_ALLOWED_NETWORKS), settings.OUTBOUND_TIMEOUT_SECONDS)


@cache
def _make_door(allowed: tuple[str, ...], timeout_seconds: float) -> outbound.Door:
    """Made once: loading the certificate authorities costs tens of milliseconds."""
    return outbound.Door(allowed=parse_networks(allowed), timeout_seconds=timeout_seconds)
