"""Who is told: channels, and the notifications that are pending for them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from monitor.channels import outbound, webhook
from monitor.channels.addresses import parse_networks
from monitor.models import Channel, Incident, Notification, Project
from monitor.services import bell
from monitor.services.actor import Actor
from monitor.services.deliver import deliver_due
from monitor.services.payload import incident_payload, program_payload, test_payload

logger = logging.getLogger(__name__)

__all__ = [
    "OPENED",
    "REOPENED",
    "RESOLVED",
    "TEST",
    "InvalidChannel",
    "create_webhook",
    "deliver_due",
    "enqueue",
    "remove_webhook",
    "send_test",
    "tell_all",
]

OPENED = "incident.opened"
REOPENED = "incident.reopened"
RESOLVED = "incident.resolved"
TEST = "test"


class InvalidChannel(ValueError):
    """The URL or the secret of a channel cannot be used; the message says why, for people."""


def create_webhook(
    *, project: Project, name: str, url: str, by: Actor, now: datetime, secret: str | None = None
) -> Channel:
    """A webhook that hears of the project's incidents from now on; its secret is ours unless given.

    Raises InvalidChannel for a URL that can never be reached, or a secret of another form.
    """
    if not name.strip():
        raise InvalidChannel("Give the webhook a name.")
    try:
        outbound.check_url(url, parse_networks(settings.OUTBOUND_ALLOWED_NETWORKS))
        signing_secret = webhook.new_secret() if secret is None else webhook.check_secret(secret)
    except ValueError as error:
        raise InvalidChannel(str(error)) from error
    channel = Channel.objects.create(
        project=project, kind="webhook", name=name.strip()[:200], url=url, secret=signing_secret, created_at=now
    )
    logger.info("webhook created", extra={"channel": str(channel.uuid), "by": by.label})
    return channel


def remove_webhook(*, channel: Channel, by: Actor, now: datetime) -> None:
    """Ends a channel: nothing more is sent to it; what was delivered stays readable, the secret goes."""
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(enabled=False, secret="")
        Notification.objects.filter(channel=channel, status=Notification.Status.PENDING).update(
            status=Notification.Status.GIVEN_UP, next_try_at=None
        )
    channel.enabled, channel.secret = False, ""
    logger.info("webhook removed", extra={"channel": str(channel.uuid), "by": by.label, "at": now.isoformat()})


def enqueue(*, incident: Incident, kind: str, now: datetime) -> int:
    """Writes a pending notification for each channel of the incident's project, and rings on commit.

    Belongs into the transaction of the change that it tells of. The same change is told once,
    however often this is called. Gives the number of channels.
    """
    channels = list(Channel.objects.filter(project=incident.project_id, enabled=True))
    if not channels:
        return 0
    payload = incident_payload(incident, kind=kind, now=now)
    dedup_key = f"{kind}:{incident.uuid}:{incident.reopened}"
    _store(channels, payload, kind=kind, dedup_key=dedup_key, now=now, incident=incident)
    bell.ring_alerts()
    return len(channels)


def send_test(*, channel: Channel, by: Actor, now: datetime) -> Notification:
    """A message without an incident, so that a person sees the receiver work; raises InvalidChannel."""
    if not channel.enabled:
        raise InvalidChannel("The webhook was removed.")
    payload = test_payload(channel.project, by=by.label, now=now)
    dedup_key = f"{TEST}:{uuid.uuid4()}"
    with transaction.atomic():
        _store([channel], payload, kind=TEST, dedup_key=dedup_key, now=now)
        bell.ring_alerts()
    return Notification.objects.get(channel=channel, dedup_key=dedup_key)


def tell_all(
    *, kind: str, dedup_key: str, data: Mapping[str, Any], slugs: Collection[str], besides: str, now: datetime
) -> int:
    """Writes a pending notification about the program itself for every channel of every project.

    `slugs` are the only projects told, all without it; the project `besides` is never told. The
    same `dedup_key` is told once. Gives the number of channels.
    """
    channels = Channel.objects.filter(enabled=True).exclude(project__slug=besides).select_related("project")
    if slugs:
        channels = channels.filter(project__slug__in=slugs)
    for channel in channels:
        payload = program_payload(channel.project, kind=kind, data=data, now=now)
        _store([channel], payload, kind=kind, dedup_key=dedup_key, now=now)
    bell.ring_alerts()
    return len(channels)


def _store(
    channels: Iterable[Channel],
    payload: dict[str, Any],
    *,
    kind: str,
    dedup_key: str,
    now: datetime,
    incident: Incident | None = None,
) -> None:
    rows = [
        Notification(
            project_id=channel.project_id,
            channel=channel,
            incident=incident,
            kind=kind,
            dedup_key=dedup_key,
            payload=payload,
            created_at=now,
            next_try_at=now,
        )
        for channel in channels
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
