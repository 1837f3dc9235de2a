"""What the front door remembers of what it refused."""

from django.db import models

from monitor.models import ApiKey, Project


class Refusal(models.Model):
    """How many events a sender lost in an hour, and why: said in /api/v1/status, never forgotten silently."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField(help_text="start of the hour, server time")
    reason = models.CharField(max_length=60, help_text="the field that was wrong, or the limit that was hit")
    events = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "hour", "reason"], name="refusal_once_an_hour")]

    def __str__(self) -> str:
        return f"{self.events} refused: {self.reason}"
