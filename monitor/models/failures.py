"""Rules that raised while a run was judged."""

from django.db import models
from django.db.models import F, Q

from monitor.models.events import Run
from monitor.models.projects import Project


class RuleFailure(models.Model):
    """A rule that raised in a run: it says nothing there, while every other rule does.

    A row stands as long as it is true of the run's present judgement: judging the run whole again
    without an error takes it away. Times are by our clock.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rule_failures")
    rule = models.CharField(max_length=60)
    error = models.CharField(max_length=200, help_text="the latest exception's type, no value")
    count = models.PositiveIntegerField(help_text="at how many of the run's events")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "rule"], name="rule_failure_once"),
            models.CheckConstraint(condition=Q(count__gte=1), name="rule_failure_counted"),
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="rule_failure_times_in_order"),
        ]
        indexes = [models.Index(fields=["project", "rule", "-last_at", "-id"], name="rule_failure_latest")]

    def __str__(self) -> str:
        return f"{self.rule} in run {self.run_id}: {self.error}"
