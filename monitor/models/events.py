"""Runs, their events, and what is still to be judged."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from monitor.models.projects import Project


class Run(models.Model):
    """One execution of a workflow, with what judging found out about it.

    `first_at` and `last_at` are by the senders' clocks, `received_at` (the latest) and `judged_at` by ours.
    `state` is the detection core's own, opaque to everything else.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    run_id = models.CharField(max_length=200)
    workflow = models.CharField(max_length=200)
    parent_run_id = models.CharField(max_length=200, null=True, blank=True)
    parent_step = models.CharField(max_length=200, null=True, blank=True)
    execution_id = models.TextField(null=True, blank=True)
    session = models.TextField(null=True, blank=True)
    tenant = models.TextField(null=True, blank=True)
    asserted_execution_id = models.CharField(max_length=200, null=True, blank=True)
    asserted_session = models.CharField(max_length=200, null=True, blank=True)
    asserted_tenant = models.CharField(max_length=200, null=True, blank=True)
    first_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(help_text="when its first event was received")
    event_count = models.PositiveIntegerField(default=0, help_text="events judged")
    parts = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="runs behind the run id: more than one where it was reused"
    )
    ended = models.BooleanField(default=False)
    status = models.CharField(max_length=10, null=True, blank=True)
    gaps = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="missing sequence numbers")
    state = models.BinaryField(null=True, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "run_id"], name="run_once")]
        indexes = [
            models.Index(
                fields=["project", "parent_run_id"],
                name="run_by_parent",
                condition=Q(parent_run_id__isnull=False),
            ),
            models.Index(fields=["project", "-last_at", "-id"], name="run_latest"),
            models.Index(fields=["project", "workflow", "-last_at", "-id"], name="run_latest_of_workflow"),
        ]

    def __str__(self) -> str:
        return self.run_id


class Event(models.Model):
    """One accepted context event, whole in `body`; the columns beside it are what queries need."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=128)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    workflow = models.CharField(max_length=200)
    step = models.CharField(max_length=200)
    phase = models.CharField(max_length=5)
    body = models.BinaryField(help_text="the checked event as JSON, compressed with zstd")
    context_bytes = models.PositiveIntegerField(help_text="the context as compact UTF-8 JSON")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "event_id"], name="event_once"),
            models.CheckConstraint(condition=Q(phase__in=["enter", "exit"]), name="event_phase_known"),
        ]
        indexes = [models.Index(fields=["project", "-received_at"], name="event_latest")]

    def __str__(self) -> str:
        return self.event_id


class Work(models.Model):
    """What is still to be judged: the database is the queue, a task is only the bell.

    A row is written in the transaction that stores its events, and deleted in the one that stores their verdict.
    """

    class Reason(models.TextChoices):
        """Why the run is to be looked at."""

        EVENTS = "events"
        DEPENDENCY = "dependency"
        MAP = "map"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="work")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    event_pks = ArrayField(models.BigIntegerField(), default=list, blank=True)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(
        max_length=200, blank=True, default="", help_text="the exception's type, no value"
    )

    class Meta:
        indexes = [
            models.Index(fields=["not_before", "id"], name="work_due"),
            models.Index(fields=["run"], name="work_of_run"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=["events", "dependency", "map"]), name="work_reason_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} of run {self.run_id}"


class ResourceAccess(models.Model):
    """One touch of a shared resource by a step, indexed by the resource's fingerprint."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="accesses")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    resource_key = models.BinaryField(max_length=16, help_text="BLAKE2b of store, NUL, key")
    store = models.CharField(max_length=200)
    key = models.CharField(max_length=1000)
    op = models.CharField(max_length=6)
    occurred_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["project", "resource_key", "occurred_at"], name="access_by_resource"),
            models.Index(fields=["run"], name="access_of_run"),
        ]

    def __str__(self) -> str:
        return f"{self.op} {self.store}"
