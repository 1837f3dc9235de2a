"""Workflows by name and the versions of their context maps."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from monitor.models.projects import ApiKey, Project


class Workflow(models.Model):
    """A definition that runs execute, known by its name in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="workflows")
    name = models.CharField(max_length=200)
    risk = models.CharField(max_length=10, blank=True, default="", help_text="high, medium, low, or empty: unsaid")
    owner = models.CharField(max_length=200, blank=True, default="")
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="workflow_once"),
            models.CheckConstraint(
                condition=Q(risk__in=["", "high", "medium", "low"]), name="workflow_risk_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MapVersion(models.Model):
    """One version of a workflow's context map, as it was sent; the highest `number` is in force."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="map_versions")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="YAML or JSON, as sent")
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the text")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="map_version_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="map_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}"
