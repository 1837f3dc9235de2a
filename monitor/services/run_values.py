"""The cross-run index: which values a run holds, by fingerprint, kept in step with its judgement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Least

from monitor.detection.canary_shapes import Shape
from monitor.detection.engine import Judgement, Watch
from monitor.detection.event import Event
from monitor.models import Project, Run, RunValues

MAX_ROWS = 16
"""Rows of one run before they are made one: a long run adds a few values at a time."""


Stored = Sequence[tuple[Sequence[int], datetime]]
"""The rows of a run: values, and the sender's time before which it did not hold them."""


def rows_of(run_pks: Collection[int]) -> dict[int, Stored]:
    """The rows of many runs, by the run's primary key; one query."""
    found: dict[int, list[tuple[Sequence[int], datetime]]] = {}
    for pk, values, since in RunValues.objects.filter(run__in=run_pks).values_list("run_id", "values", "since"):
        found.setdefault(pk, []).append((values, since))
    return {**found}


def watch_of(project: Project) -> Watch:
    """What is written down of the project's runs; its key is the project's own, so that none reaches another."""
    shapes = tuple(sorted(Shape(prefix, length) for prefix, length in project.canary_shapes))
    return Watch(project.uuid.bytes, settings.INDEX_MAX_VALUES, shapes)


def forget(*, now: datetime, limit: int = 10_000) -> int:
    """Takes values that runs held more than INDEX_DAYS ago out of the index; gives how many rows.

    The oldest go first. `now` is the server's time, the age is by the sender's. Those of a run that is
    judged whole again come back.
    """
    old = RunValues.objects.filter(since__lt=now - timedelta(days=settings.INDEX_DAYS)).order_by("since")
    gone, _ = RunValues.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return gone


@dataclass(frozen=True, slots=True)
class Index:
    """The difference between the values that a judgement names and those that are stored.

    `since` is the sender's time before which it did not hold those that are added.
    """

    run: Run
    rows: int
    held: Collection[int]
    """All that the run holds now; empty where nothing could have changed."""
    added: Sequence[int]
    removed: Collection[int]
    since: datetime
    backdates: bool

    @classmethod
    def compare(
        cls, run: Run, judgement: Judgement, new: Sequence[Event], *, stored_rows: Stored | None = None
    ) -> Index:
        """What the judgement changes; what is stored belongs to the caller, who has locked the run.

        `stored_rows` are the run's rows where the caller has read them already.
        """
        earliest = min((event.occurred_at for event in new), default=judgement.facts.first_at)
        if not judgement.whole and not judgement.holdings and run.last_at is not None and earliest > run.last_at:
            return cls(run, 0, (), (), (), earliest, backdates=False)
        rows: Stored = stored_rows or []
        if stored_rows is None and run.judged_at is not None:
            rows = list(RunValues.objects.filter(run=run).values_list("values", "since"))
        stored = {value for values, _ in rows for value in values}
        kept = {} if judgement.whole else dict.fromkeys(stored)
        held = _admitted(kept, judgement.holdings)
        return cls(
            run=run,
            rows=len(rows),
            held=held.keys(),
            added=[value for value in held if value not in stored],
            removed=stored - held.keys(),
            since=judgement.facts.first_at if judgement.whole else earliest,
            backdates=bool(new) and any(earliest < since for _, since in rows),
        )

    @property
    def changed(self) -> set[int]:
        """The values that the run holds for the first time, or no longer."""
        return {*self.added, *self.removed}

    def everything(self) -> set[int]:
        """All that the run is stored to hold."""
        rows = RunValues.objects.filter(run=self.run).values_list("values", flat=True)
        return {value for values in rows for value in values}

    def store(self) -> None:
        """Writes the difference."""
        rows = RunValues.objects.filter(run=self.run)
        if self.removed or (self.added and self.rows >= MAX_ROWS):
            first_at = self.run.first_at or self.since
            rows.delete()
            self._add(list(self.held), min(first_at, self.since))
            return
        if self.backdates:
            rows.update(since=Least(F("since"), self.since))
        if self.added:
            self._add(self.added, self.since)

    def _add(self, values: Sequence[int], since: datetime) -> None:
        if values:
            RunValues.objects.create(project_id=self.run.project_id, run=self.run, values=values, since=since)


def _admitted(kept: dict[int, None], holdings: Mapping[int, bool]) -> dict[int, None]:
    """With further values in their order, as far as there is room; what is special has as much room again."""
    most = settings.INDEX_MAX_VALUES
    for value, special in holdings.items():
        if len(kept) < (most * 2 if special else most):
            kept[value] = None
    return kept
