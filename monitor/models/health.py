"""How Crosstalk itself is: what it counted, who said that they are alive, and the leaks it made for itself."""

import uuid

from django.db import models
from django.db.models import F, Q

from monitor.models.projects import Project


class Counter(models.Model):
    """A figure that only grows, in some rows whose sum it is, so that two writers seldom meet on one.

    Source: docs/adr/0009-health.md.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=120, blank=True, default="", help_text="a rule, a kind and an outcome")
    slot = models.PositiveSmallIntegerField()
    value = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "label", "slot"], name="counter_slot_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.label}: {self.value}"


class Pulse(models.Model):
    """When a part of Crosstalk last said that it is alive, by the clock of its machine."""

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class SelfCheck(models.Model):
    """One synthetic leak that was sent through the whole line, and what became of it; times by our clock.

    `error` says why it could not be sent. `detected_at` is when its incident was opened, `alerted_at` when its
    alert had passed the outbox. One that was `missed_at` stands as an outage until `recovered_at`.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    began_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")
    detected_at = models.DateTimeField(null=True, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    recovered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(recovered_at=None) | Q(missed_at__isnull=False), name="self_check_recovers_from_a_miss"
            ),
            models.CheckConstraint(condition=Q(deadline_at__gt=F("began_at")), name="self_check_has_time"),
        ]
        indexes = [
            models.Index(fields=["-began_at"], name="self_check_latest"),
            models.Index(
                fields=["began_at"],
                name="self_check_outage",
                condition=Q(missed_at__isnull=False, recovered_at=None),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)
