"""What foreign-value knows of a project: what each of its runs held, and what is still to be looked at."""

from django.db import models
from django.db.models import Q

from monitor.models.events import Run
from monitor.models.projects import Project


class CrowdWork(models.Model):
    """A run that was judged and that the crowd has not taken up yet: the queue of `services.crowd`.

    A row is written in the transaction of the run's judgement, and deleted once the verdicts that
    follow from it are stored. Nobody ever changes the run that a row names.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="crowd_work")
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(
        max_length=200, blank=True, default="", help_text="the exception's type, no value"
    )

    has_facts = models.BooleanField(
        default=False, db_default=False, help_text="what the run holds was stored with this row (RunFacts)"
    )

    class Meta:
        verbose_name_plural = "crowd work"
        indexes = [
            models.Index(fields=["project", "not_before", "id"], name="crowd_work_due"),
            models.Index(fields=["run"], name="crowd_work_of_run"),
        ]

    def __str__(self) -> str:
        return f"run {self.run_id} for the crowd"


class RunFacts(models.Model):
    """Which value a run held where and since when (`detection.people.keeping`), as its events say it.

    It can always be read from the events again, and holds people's values: never logged. `first_at` is by
    the sender's clock, null of a run that acts for no session and therefore owns nothing.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="facts", primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    first_at = models.DateTimeField(null=True, blank=True)
    digest = models.BigIntegerField(
        help_text="of the facts and of the run's family: another one says, read it again"
    )
    body = models.BinaryField(help_text="MessagePack, compressed with zstd")

    class Meta:
        verbose_name_plural = "run facts"
        indexes = [
            models.Index(
                fields=["project", "-first_at", "-run"],
                name="run_facts_latest",
                condition=Q(first_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"facts of run {self.run_id}"


class Crowd(models.Model):
    """The latest judgement of a project's runs together, and when the next one may begin; by our clock."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="crowd", primary_key=True)
    judged_at = models.DateTimeField()
    next_at = models.DateTimeField()
    seconds = models.FloatField(help_text="how long it took")
    runs = models.PositiveIntegerField(help_text="how many runs were looked at together")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(next_at__gte=models.F("judged_at")), name="crowd_times_in_order"),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="crowd_seconds_positive"),
        ]

    def __str__(self) -> str:
        return f"crowd of project {self.project_id}"
