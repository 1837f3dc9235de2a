"""Postmortems: what was learned, blamelessly, with actions."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.incidents import Incident
from monitor.models.projects import Project


class Postmortem(models.Model):
    """One document about one or several incidents; the text fields are Markdown."""

    class Status(models.TextChoices):
        """A draft may change; publishing shares it."""

        DRAFT = "draft"
        PUBLISHED = "published"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="postmortems")
    incidents = models.ManyToManyField(Incident, related_name="postmortems")
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    summary = models.TextField(blank=True, default="")
    impact = models.TextField(blank=True, default="")
    timeline = models.TextField(blank=True, default="", help_text="Markdown list, one entry a line, times in UTC")
    detection = models.TextField(blank=True, default="")
    root_cause = models.TextField(blank=True, default="")
    made_sense = models.TextField(blank=True, default="", help_text="why it made sense at the time")
    guideline_unclear = models.TextField(blank=True, default="")
    review_missed = models.TextField(blank=True, default="")
    test_gap = models.TextField(blank=True, default="")
    went_well = models.TextField(blank=True, default="")
    searched_elsewhere = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1, help_text="raised by each save; a stale editor is refused")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True, published_by="")
                | (Q(status="published", published_at__isnull=False) & ~Q(published_by="")),
                name="postmortem_published_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["project", "-created_at", "-id"], name="postmortem_latest")]

    def __str__(self) -> str:
        return self.title


class PostmortemAction(models.Model):
    """Something that somebody will do by a date."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="actions")
    text = models.CharField(max_length=500)
    owner = models.CharField(max_length=200, blank=True, default="")
    due = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["postmortem", "position", "id"], name="postmortem_actions_in_order")]

    def __str__(self) -> str:
        return self.text
