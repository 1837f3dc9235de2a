"""The cross-run index: which values a run holds, kept in step with its judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.detection.engine import Judgement
from monitor.detection.holdings import Holding as Held
from monitor.models import Holding, Run

Slot = tuple[bytes, str, str]


@dataclass(frozen=True, slots=True)
class Index:
    """The difference between the holdings that a judgement names and those that are stored."""

    run: Run
    added: tuple[Held, ...] = ()
    removed: tuple[Holding, ...] = ()

    @classmethod
    def compare(cls, run: Run, judgement: Judgement) -> Index:
        """What the judgement changes; onwards judgements only add, and nothing is asked in vain."""
        if not judgement.holdings and not judgement.whole:
            return cls(run)
        rows = Holding.objects.filter(project=run.project_id, run=run) if run.judged_at is not None else ()
        stored = {_stored_slot(row): row for row in rows}
        found = {(one.value_key, one.path, one.kind): one for one in judgement.holdings}
        if not judgement.whole:
            return cls(run, added=tuple(one for slot, one in found.items() if slot not in stored))
        same = {slot for slot, one in found.items() if slot in stored and _alike(one, stored[slot])}
        return cls(
            run,
            added=tuple(one for slot, one in found.items() if slot not in same),
            removed=tuple(row for slot, row in stored.items() if slot not in same),
        )

    @property
    def changed(self) -> set[bytes]:
        """The keys of the values whose holding is new, gone or another."""
        return {one.value_key for one in self.added} | {bytes(row.value_key) for row in self.removed}

    def store(self) -> None:
        """Writes the difference."""
        if self.removed:
            Holding.objects.filter(pk__in=[row.pk for row in self.removed]).delete()
        if self.added:
            Holding.objects.bulk_create(_row(self.run, one) for one in self.added)


def _stored_slot(row: Holding) -> Slot:
    return bytes(row.value_key), row.path, row.kind


def _alike(found: Held, stored: Holding) -> bool:
    fresh: tuple[str, str, datetime] = found.step, found.event_id, found.occurred_at
    return fresh == (stored.step, stored.event_id, stored.occurred_at)


def _row(run: Run, one: Held) -> Holding:
    return Holding(
        project_id=run.project_id,
        run=run,
        value_key=one.value_key,
        kind=one.kind,
        path=one.path,
        step=one.step,
        event_id=one.event_id,
        occurred_at=one.occurred_at,
    )
