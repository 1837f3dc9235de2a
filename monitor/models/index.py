"""What is known across runs: the values that each held, the canaries, and what each made of its input."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from monitor.models.events import Run
from monitor.models.projects import Project


class RunValues(models.Model):
    """Values that a run was found to hold, by fingerprint (`detection.holdings`), as one judgement added them.

    A fingerprint is keyed by the project: no look-up reaches beyond it. `since` is the sender's time of the
    earliest event that was judged then: the run did not hold them before.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="held_values")
    values = ArrayField(models.BigIntegerField())
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "run values"
        indexes = [
            GinIndex(fields=["values"], name="run_values_by_value"),
            models.Index(fields=["run"], name="run_values_of_run"),
            models.Index(fields=["since"], name="run_values_by_age"),
        ]

    def __str__(self) -> str:
        return f"{len(self.values)} values of run {self.run_id}"


class Canary(models.Model):
    """A token that was issued to a run, or to one of the runs behind a reused run id (`number`)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="canaries")
    number = models.PositiveSmallIntegerField(default=0)
    token = models.TextField()
    key = models.BigIntegerField(help_text="its fingerprint, as a value that a run holds")

    class Meta:
        verbose_name_plural = "canaries"
        constraints = [models.UniqueConstraint(fields=["run", "number", "key"], name="canary_once")]
        indexes = [models.Index(fields=["project", "key"], name="canary_by_key")]

    def __str__(self) -> str:
        return f"canary of run {self.run_id}"


class Outcome(models.Model):
    """What a run of a deterministic workflow made of its input, by digests; `began` is by the sender's clock."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="outcomes")
    number = models.PositiveSmallIntegerField(default=0)
    workflow = models.CharField(max_length=200)
    began = models.DateTimeField()
    given = models.BinaryField(max_length=16, help_text="digest of the input")
    made = models.BinaryField(max_length=16, help_text="digest of the output")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="outcome_once")]
        indexes = [models.Index(fields=["project", "workflow", "given", "began"], name="outcome_group")]

    def __str__(self) -> str:
        return f"outcome of run {self.run_id}"
