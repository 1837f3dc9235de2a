"""What one needs to send the first event and to be told of the first incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.models import ApiKey, Channel, DeliveryAttempt, Event, Notification, Project

REVOKED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that came in: when, by the server's clock, and from where."""

    received_at: datetime
    workflow: str
    run_id: str
    step: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """A channel with its latest message; `attempt` is that message's latest try, None before it."""

    channel: Channel
    last: Notification | None
    attempt: DeliveryAttempt | None

    @property
    def waits(self) -> bool:
        """Whether an answer is still to come: the page asks again."""
        return self.last is not None and self.last.status == Notification.Status.PENDING


@dataclass(frozen=True, slots=True)
class Setup:
    """All of the page; revoked keys are the latest few."""

    keys: tuple[ApiKey, ...]
    revoked: tuple[ApiKey, ...]
    receivers: tuple[Receiver, ...]
    latest: Arrival | None


def setup(project: Project) -> Setup:
    """Give the project's keys, receivers and latest event, in a fixed number of queries."""
    keys = ApiKey.objects.filter(project=project).select_related("created_by")
    return Setup(
        keys=tuple(keys.filter(revoked_at=None).order_by("-created_at", "-id")),
        revoked=tuple(keys.exclude(revoked_at=None).order_by("-revoked_at", "-id")[:REVOKED_SHOWN]),
        receivers=tuple(receivers(project)),
        latest=latest(project),
    )


def receivers(project: Project) -> list[Receiver]:
    """Give the channels that hear of incidents, oldest first, each with its latest message."""
    channels = Channel.objects.filter(project=project, enabled=True).order_by("created_at", "id")
    return _with_last(list(channels))


def receiver(channel: Channel) -> Receiver:
    """Give one channel with its latest message."""
    return _with_last([channel])[0]


def latest(project: Project) -> Arrival | None:
    """Give the event that came in last; None before the first."""
    return _arrival(
        Event.objects.filter(project=project).order_by("-received_at", "-id").select_related("run").first()
    )


def first_since(project: Project, since: datetime) -> Arrival | None:
    """Give the first event that came in at `since` or after it, by the server's clock."""
    found = Event.objects.filter(project=project, received_at__gte=since)
    return _arrival(found.order_by("received_at", "id").select_related("run").first())


def _arrival(event: Event | None) -> Arrival | None:
    if event is None:
        return None
    return Arrival(event.received_at, event.workflow, event.run.run_id, event.step)


def _with_last(channels: list[Channel]) -> list[Receiver]:
    messages = Notification.objects.filter(channel__in=channels)
    last = {
        message.channel_id: message
        for message in messages.order_by("channel_id", "-created_at", "-id").distinct("channel_id")
    }
    tries = DeliveryAttempt.objects.filter(notification__in=last.values())
    attempts = {
        attempt.notification_id: attempt
        for attempt in tries.order_by("notification_id", "-number").distinct("notification_id")
    }

    def one(channel: Channel) -> Receiver:
        message = last.get(channel.pk)
        return Receiver(channel, message, attempts.get(message.pk) if message else None)

    return [one(channel) for channel in channels]
