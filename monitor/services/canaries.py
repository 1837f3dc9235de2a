"""Canaries among the stored runs: which were issued, and which of them a run may hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from monitor.detection.anomaly import Finding
from monitor.detection.canaries import ATTRIBUTE, Canaries, RunName, escaped, issued_by
from monitor.detection.canary_shapes import Shape
from monitor.detection.catalogue import rule_by_id
from monitor.detection.event import Event
from monitor.detection.holdings import fingerprint
from monitor.detection.runs import Run as RunBehind
from monitor.models import Canary, Project, Run

RULE = "canary-escaped"
MAX_SHAPES = 32
"""Kinds of canaries of a project that are looked for inside of other texts."""

_MET = """
SELECT canary.token, run.run_id, canary.number
FROM monitor_canary canary JOIN monitor_run run ON run.id = canary.run_id
WHERE canary.project_id = %(project)s AND (canary.run_id <> %(run)s OR %(onwards)s)
  AND canary.key IN (
    SELECT unnest(%(values)s::bigint[])
    UNION ALL
    SELECT unnest(held.values) FROM monitor_runvalues held
    WHERE %(onwards)s AND held.run_id = %(run)s
      AND EXISTS (SELECT FROM monitor_anomaly WHERE run_id = %(run)s AND rule = %(rule)s)
  )
"""

Issued = frozenset[tuple[str, int]]
"""Tokens, each with the number of the run behind the run id that it was issued to."""


@dataclass(frozen=True, slots=True)
class Issue:
    """The canaries of a run: those it has now, and those that this changes, by fingerprint."""

    tokens: Issued
    added: Mapping[tuple[str, int], int]
    removed: Collection[int]
    """Primary keys of rows."""
    changed: frozenset[int]
    new_shapes: tuple[Shape, ...]

    def store(self, run: Run) -> None:
        """Writes the difference."""
        if self.removed:
            Canary.objects.filter(pk__in=self.removed).delete()
        Canary.objects.bulk_create(
            Canary(project_id=run.project_id, run=run, number=number, token=token, key=key)
            for (token, number), key in self.added.items()
        )
        if self.new_shapes:
            shapes = [*run.project.canary_shapes, *([one.prefix, one.length] for one in self.new_shapes)]
            Project.objects.filter(pk=run.project_id).update(canary_shapes=shapes[:MAX_SHAPES])


NONE = Issue(frozenset(), {}, (), frozenset(), ())


def issues(event: Event) -> bool:
    """Whether an event issues a canary."""
    return ATTRIBUTE in event.attributes


def stored_tokens(run: Run) -> Issued:
    """The canaries that the run is stored to have."""
    return frozenset(Canary.objects.filter(run=run).values_list("token", "number"))


def issue_of(run: Run, events: Sequence[Event]) -> Issue:
    """The canaries that all events of a run issue, against those stored; a project without any costs nothing."""
    issued = {(token, number) for token, (_, number) in issued_by(events)}
    if not issued and not run.project.canary_shapes:
        return NONE
    stored = (
        {} if run.judged_at is None else {(one.token, one.number): one for one in Canary.objects.filter(run=run)}
    )
    secret = run.project.uuid.bytes
    added = {one: fingerprint(one[0], secret) for one in sorted(issued - stored.keys())}
    gone = [row for one, row in stored.items() if one not in issued]
    known = {Shape(prefix, length) for prefix, length in run.project.canary_shapes}
    room = max(0, MAX_SHAPES - len(known))
    return Issue(
        tokens=frozenset(issued),
        added=added,
        removed=[row.pk for row in gone],
        changed=frozenset([*added.values(), *(row.key for row in gone)]),
        new_shapes=tuple(sorted({Shape.of(token) for token, _ in added} - known)[:room]),
    )


def met(run: Run, values: Collection[int], issue: Issue | None) -> dict[str, set[RunName]]:
    """The canaries whose fingerprints are among these values, with the runs they were issued to.

    `issue` are the run's own, where it was judged whole. None: it was judged onwards, it issued no new
    ones, and those that it was found to hold before are added.
    """
    found: dict[str, set[RunName]] = {}
    if run.project.canary_shapes:
        arguments: dict[str, Any] = {
            "project": run.project_id,
            "run": run.pk,
            "values": list(values),
            "onwards": issue is None,
            "rule": RULE,
        }
        with connection.cursor() as cursor:
            cursor.execute(_MET, arguments)
            for token, run_id, number in cursor.fetchall():
                found.setdefault(token, set()).add((run_id, number))
    mine = issue.tokens if issue is not None else ()
    if found or run.parts > 1:
        for token, number in mine:
            found.setdefault(token, set()).add((run.run_id, number))
    return found


def findings(runs: Iterable[RunBehind], issuers: Mapping[str, Collection[RunName]]) -> list[Finding]:
    """Where the runs behind a run id hold canaries of strangers."""
    if not issuers:
        return []
    canaries = Canaries(issuers)
    return [finding for run in runs for finding in escaped(run, canaries, rule_by_id(RULE))]
