"""Alerts: where they go, what is pending, and each attempt."""

import uuid

from django.db import models
from django.db.models import Q

from monitor.models.incidents import Incident
from monitor.models.projects import Project


class Channel(models.Model):
    """A receiver of alerts. One of the kind `SELF_CHECK` ends where others reach out: nothing leaves by it."""

    SELF_CHECK = "self-check"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=20, default="webhook")
    name = models.CharField(max_length=200)
    url = models.URLField(max_length=2000)
    secret = models.CharField(max_length=200, help_text="whsec_..., the signing secret of Standard Webhooks")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """One message to one channel, written with the change that it tells of; `uuid` is its idempotency key."""

    class Status(models.TextChoices):
        """A pending row is work; the others are history."""

        PENDING = "pending"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notifications")
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(
        max_length=40,
        help_text="incident.opened, incident.reopened, incident.resolved, self_check.missed, "
        "self_check.recovered, test",
    )
    dedup_key = models.CharField(max_length=120, help_text="one message a channel for each")
    payload = models.JSONField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "dedup_key"], name="notification_once"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "delivered", "given_up"]), name="notification_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="delivered", delivered_at__isnull=False)
                | (~Q(status="delivered") & Q(delivered_at__isnull=True)),
                name="notification_delivered_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", next_try_at__isnull=False)
                | (~Q(status="pending") & Q(next_try_at__isnull=True)),
                name="notification_pending_has_a_next_try",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="notification_due", condition=Q(status="pending")),
            models.Index(fields=["incident", "created_at"], name="notification_of_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class DeliveryAttempt(models.Model):
    """One try to deliver a notification, and the answer."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")
    answer = models.TextField(blank=True, default="", help_text="the first bytes of the answer's body")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notification", "number"], name="delivery_attempt_once")]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.notification_id}"
