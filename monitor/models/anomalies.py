"""What a rule found in a run."""

import uuid

from django.db import models
from django.db.models import Q

from monitor.models.events import Event, Run
from monitor.models.incidents import Incident
from monitor.models.projects import Project


class Anomaly(models.Model):
    """One finding of one rule, once for each (rule, run, step, phase, attempt, branch, path).

    `occurred_at` is by the sender's clock, `received_at` (of its event) and `detected_at` by ours.
    `expected` and `observed` are people's data: never logged, escaped where shown.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="anomalies")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="anomalies")
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="anomalies"
    )
    key_digest = models.BinaryField(max_length=16, help_text="BLAKE2b of rule, step, phase, attempt, branch, path")
    rule = models.CharField(max_length=60)
    leak_class = models.CharField(max_length=20)
    severity = models.CharField(max_length=20)
    workflow = models.CharField(max_length=200)
    step = models.CharField(max_length=200)
    phase = models.CharField(max_length=5)
    owner = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="number of the run behind a reused run id"
    )
    attempt = models.PositiveBigIntegerField()
    branch = models.CharField(max_length=200, null=True, blank=True)
    path = models.TextField()
    expected = models.JSONField(null=True, blank=True)
    observed = models.JSONField(null=True, blank=True)
    evidence = models.JSONField(null=True, blank=True)
    wants = models.BigIntegerField(null=True, blank=True, help_text="fingerprint of the value to trace")
    sought_until = models.DateTimeField(
        null=True, blank=True, help_text="nothing that a run did later, by the sender's clock, can be its source"
    )
    source_run_id = models.CharField(max_length=200, null=True, blank=True)
    source_step = models.CharField(max_length=200, null=True, blank=True)
    source_path = models.TextField(null=True, blank=True)
    source_resource = models.CharField(max_length=1300, null=True, blank=True)
    source_event_id = models.CharField(max_length=128, null=True, blank=True)
    source_occurred_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    detected_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "anomalies"
        constraints = [
            models.UniqueConstraint(fields=["run", "key_digest"], name="anomaly_once"),
            models.CheckConstraint(
                condition=Q(leak_class__in=["temporal", "spatial", "scoping", "integrity", "unknown"]),
                name="anomaly_class_known",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["warning", "high", "critical"]), name="anomaly_severity_known"
            ),
            models.CheckConstraint(
                condition=Q(source_run_id__isnull=True, source_step__isnull=True)
                | Q(source_run_id__isnull=False, source_step__isnull=False),
                name="anomaly_source_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-detected_at", "-id"], name="anomaly_latest"),
            models.Index(fields=["incident", "run"], name="anomaly_of_incident"),
            models.Index(fields=["project", "wants"], name="anomaly_by_value", condition=Q(wants__isnull=False)),
            models.Index(
                fields=["project", "sought_until"], name="anomaly_sought", condition=Q(wants__isnull=False)
            ),
            models.Index(fields=["run"], name="anomaly_of_crowd", condition=Q(rule="foreign-value")),
            models.Index(
                fields=["project", "source_run_id"],
                name="anomaly_by_source",
                condition=Q(source_run_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} in run {self.run_id}"
