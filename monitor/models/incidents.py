"""Incidents: anomalies that are one problem, with what people did about it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.events import Run
from monitor.models.projects import ApiKey, Project

STANDING = ("open", "acknowledged", "mitigated", "known")


class Incident(models.Model):
    """All anomalies with one fingerprint from its opening until its end.

    `occurred_at` is by the senders' clocks (the first leaking event); all other times are by ours.
    """

    class Status(models.TextChoices):
        """Where an incident stands; the words of the API."""

        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        MITIGATED = "mitigated"
        RESOLVED = "resolved"
        KNOWN = "known"
        FALSE_POSITIVE = "false_positive"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="incidents")
    number = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=100)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    severity = models.CharField(max_length=20)
    leak_class = models.CharField(max_length=20)
    rule = models.CharField(max_length=60)
    workflow = models.CharField(max_length=200)
    path = models.TextField()
    title = models.TextField()
    occurred_at = models.DateTimeField()
    last_occurred_at = models.DateTimeField()
    detected_at = models.DateTimeField()
    last_detected_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True, default="")
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=200, blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reopened = models.PositiveIntegerField(default=0)
    anomaly_count = models.PositiveIntegerField(default=0)
    run_count = models.PositiveIntegerField(default=0)
    session_count = models.PositiveIntegerField(default=0)
    tenant_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="incident_number_once"),
            models.UniqueConstraint(
                fields=["project", "fingerprint"],
                condition=Q(status__in=["open", "acknowledged", "mitigated", "known"], withdrawn_at__isnull=True),
                name="incident_one_open_a_group",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["open", "acknowledged", "mitigated", "resolved", "known", "false_positive"]
                ),
                name="incident_status_known",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by="")
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="")),
                name="incident_acknowledged_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolved_by="")
                | (Q(resolved_at__isnull=False) & ~Q(resolved_by="")),
                name="incident_resolved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="resolved") | Q(resolved_at__isnull=False),
                name="incident_resolved_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-detected_at", "-id"], name="incident_latest"),
            models.Index(fields=["project", "fingerprint", "-id"], name="incident_of_group"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """The name that people say: INC-142."""
        return f"INC-{self.number}"


class IncidentRun(models.Model):
    """A run that an incident touches, once."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="affected")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    session = models.TextField(null=True, blank=True)
    tenant = models.TextField(null=True, blank=True)
    first_at = models.DateTimeField(help_text="first leaking event of the run, by the sender's clock")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "run"], name="incident_run_once")]

    def __str__(self) -> str:
        return f"run {self.run_id} in incident {self.incident_id}"


class IncidentLog(models.Model):
    """What happened to an incident, when and by whom; postmortems are built from it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40, help_text="opened, spread, acknowledged, resolved, reopened, noted ...")
    by = models.CharField(max_length=200, help_text="a person's name, a key's name, or Crosstalk")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["incident", "at", "id"], name="incident_log_in_order")]

    def __str__(self) -> str:
        return f"{self.kind} of incident {self.incident_id}"
