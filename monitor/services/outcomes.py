"""Runs of a deterministic workflow with the same input: which output is the reference, and who differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from monitor.detection.anomaly import Finding
from monitor.detection.catalogue import rule_by_id
from monitor.detection.context_map import ContextMap
from monitor.detection.divergence import Outcome as Made
from monitor.detection.divergence import divergence, outcome_of
from monitor.detection.runs import Run as RunBehind
from monitor.models import Outcome, Run
from monitor.services.lookup import views_of

RULE = "divergent-output"
Group = tuple[str, bytes]
"""A workflow and the digest of an input."""

_REFERENCE = """
SELECT run_id, number, made FROM (
    SELECT outcome.*, run.run_id AS name, count(*) OVER (PARTITION BY made) AS runs
    FROM monitor_outcome outcome JOIN monitor_run run ON run.id = outcome.run_id
    WHERE outcome.project_id = %s AND outcome.workflow = %s AND outcome.given = %s
) AS grouped
ORDER BY runs DESC, began, name COLLATE "C", number
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """The run whose output counts as right."""

    run_pk: int
    number: int
    made: bytes


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What the runs behind a run id made of their inputs, against what is stored of it."""

    run: Run
    made: Mapping[int, Made]
    workflows: Mapping[int, str]
    stored: Mapping[int, Outcome]

    @property
    def groups(self) -> set[Group]:
        """The groups that the run is in now, or was in until now."""
        now = {(self.workflows[number], one.given) for number, one in self.made.items()}
        return now | {(one.workflow, bytes(one.given)) for one in self.stored.values()}

    @property
    def locks(self) -> set[int]:
        """The groups as values to lock."""
        return {int.from_bytes(given[:6], "big") for _, given in self.groups}

    def store(self) -> tuple[dict[Group, Reference | None], set[int]]:
        """Writes what changed; the reference of each group, and the runs for which another output counts now."""
        before = {group: _reference(self.run, group) for group in self.groups}
        if not self._write():
            return before, set()
        after = {group: _reference(self.run, group) for group in self.groups}
        turned = [group for group in after if _made(before[group]) != _made(after[group])]
        return after, {pk for group in turned for pk in _members(self.run, group)}

    def _write(self) -> bool:
        fresh = {number: _row(self.run, one, self.workflows[number]) for number, one in self.made.items()}
        same = {
            number for number, row in fresh.items() if number in self.stored and _alike(row, self.stored[number])
        }
        stale = [row.pk for number, row in self.stored.items() if number not in same]
        if stale:
            Outcome.objects.filter(pk__in=stale).delete()
        added = [row for number, row in fresh.items() if number not in same]
        if added:
            Outcome.objects.bulk_create(added)
        return bool(stale or added)


def compare(run: Run, runs: Sequence[RunBehind], maps: Mapping[str, ContextMap]) -> Outcomes:
    """The outcomes of a run that was judged whole; asks nothing where no workflow is deterministic."""
    if not any(one.deterministic for one in maps.values()):
        return Outcomes(run, {}, {}, {})
    made = {one.number: outcome for one in runs if (outcome := outcome_of(one)) is not None}
    stored = {} if run.judged_at is None else {one.number: one for one in Outcome.objects.filter(run=run)}
    return Outcomes(run, made, {one.number: one.workflow for one in runs}, stored)


def findings(
    outcomes: Outcomes,
    references: Mapping[Group, Reference | None],
    runs: Sequence[RunBehind],
    maps: Mapping[str, ContextMap],
) -> list[Finding]:
    """Where the run's output differs from the one that counts as right for its input."""
    found: list[Finding] = []
    for number, made in outcomes.made.items():
        reference = references[outcomes.workflows[number], made.given]
        if reference is not None and reference.made != made.made:
            other = _run_of(outcomes.run, reference, runs, maps)
            found += divergence(runs[number], other, rule_by_id(RULE))
    return found


def _run_of(
    run: Run, reference: Reference, runs: Sequence[RunBehind], maps: Mapping[str, ContextMap]
) -> RunBehind:
    if reference.run_pk == run.pk:
        return runs[reference.number]
    views = views_of(run.project, {reference.run_pk}, maps=maps)
    return views[reference.run_pk].runs[reference.number]


def _reference(run: Run, group: Group) -> Reference | None:
    with connection.cursor() as cursor:
        cursor.execute(_REFERENCE, [run.project_id, *group])
        row = cursor.fetchone()
    return Reference(row[0], row[1], bytes(row[2])) if row else None


def _made(reference: Reference | None) -> bytes | None:
    return reference.made if reference else None


def _members(run: Run, group: Group) -> Collection[int]:
    rows = Outcome.objects.filter(project=run.project_id, workflow=group[0], given=group[1])
    latest = rows.exclude(run=run).order_by("-began").values_list("run_id", flat=True)
    return set(latest[: settings.RIPPLE_MAX_RUNS])


def _row(run: Run, one: Made, workflow: str) -> Outcome:
    return Outcome(
        project_id=run.project_id,
        run=run,
        number=one.number,
        workflow=workflow,
        began=one.began,
        given=one.given,
        made=one.made,
    )


def _alike(row: Outcome, stored: Outcome) -> bool:
    fields = (stored.workflow, stored.began, bytes(stored.given), bytes(stored.made))
    return (row.workflow, row.began, row.given, row.made) == fields
