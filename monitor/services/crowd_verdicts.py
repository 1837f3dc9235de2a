"""What is foreign in the runs of a crowd against what stands: only the difference is written, a run at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from monitor.detection.anomaly import Anomaly as Found
from monitor.detection.people.evidence import has_moved
from monitor.detection.people.findings import ForeignLeaf
from monitor.detection.provenance import attribute
from monitor.detection.views import RunView
from monitor.models import Anomaly, CrowdWork, Project, Run
from monitor.services import attach, leaking_keys, ripples
from monitor.services.verdict import compare, key_digest

RULE = "foreign-value"
Said = tuple[Any, ...]

_SAID = (
    "leak_class", "severity", "workflow", "owner", "expected", "observed", "message", "occurred_at",
    "event__event_id", "source_run_id", "source_step", "source_path", "source_resource", "source_event_id",
    "source_occurred_at",
)  # fmt: skip
_REFRESH = """
UPDATE monitor_anomaly SET evidence = fresh.evidence::jsonb
FROM unnest(%s::bigint[], %s::text[]) AS fresh (id, evidence)
WHERE monitor_anomaly.id = fresh.id AND project_id = %s
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored anomaly: its primary key, what it says, and its evidence."""

    pk: int
    said: Said
    evidence: Any


@dataclass(slots=True)
class Standing:
    """The stored anomalies of some runs, by run and digest of the key; `names` are those of owners and sources."""

    rows: dict[int, dict[bytes, Row]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, project: Project, run_pks: Collection[int]) -> Standing:
        """What stands in these runs; one query."""
        standing = cls()
        rows = Anomaly.objects.filter(project=project, rule=RULE, run__in=run_pks)
        for pk, run_pk, digest, evidence, *said in rows.values_list(
            "id", "run_id", "key_digest", "evidence", *_SAID
        ):
            standing.rows.setdefault(run_pk, {})[bytes(digest)] = Row(pk, tuple(said), evidence)
            owner = (evidence or {}).get("owner") or {}
            standing.names |= {name for name in (said[9], owner.get("run_id")) if name is not None}
        return standing


def anomalies(view: RunView, leaves: Sequence[ForeignLeaf]) -> dict[bytes, Found]:
    """What was found in the runs behind one run id, by the digest of the key: of one key the first stands."""
    trails = {}
    findings = []
    for leaf in leaves:
        name = leaf.finding.key, leaf.finding.owner
        if name not in trails:
            trails[name] = leaf.trail
            findings.append(leaf.finding)
    found: dict[bytes, Found] = {}
    for one in attribute(findings, victim=view, lookup=_Nobody(), known=trails):
        found.setdefault(key_digest(one.key), one)
    return found


class _Nobody:
    """A look-up that is never asked: the sources are known."""

    def holders(self, key: bytes) -> Sequence[RunView]:  # noqa: ARG002 - a `detection.views.Lookup`
        """No run."""
        return ()

    def writers(self, resources: Collection[tuple[str, str]]) -> Sequence[RunView]:  # noqa: ARG002 - the same
        """No run."""
        return ()


def differs(found: Mapping[bytes, Found], stored: Mapping[bytes, Row]) -> bool:
    """Whether anything but the counts of some evidence is to be written."""
    return found.keys() != stored.keys() or any(_said(one) != stored[key].said for key, one in found.items())


def _said(one: Found) -> Said:
    source = one.source
    whence = (
        (source.run_id, source.step, source.path, source.resource, source.event_id, source.occurred_at)
        if source
        else (None,) * 6
    )
    here = (one.leak_class, one.severity, one.workflow, one.owner, one.expected, one.observed, one.message)
    return (*here, one.occurred_at, one.event_id, *whence)


def apply(*, run_pk: int, found: Mapping[bytes, Found], seen: Collection[int], now: datetime) -> None:
    """Stores what was found in a run, in one transaction under its lock.

    `seen` are the CrowdWork rows that the finding took into account: where the run has another one by
    now, nothing is written, as it will be looked at again. Raises attach.Raced: do it again.
    """
    with transaction.atomic():
        free = Run.objects.select_related("project").select_for_update(no_key=True, of=["self"])
        run = free.filter(pk=run_pk).first()
        if run is None or CrowdWork.objects.filter(run=run_pk).exclude(pk__in=seen).exists():
            return
        rows = [(one, None) for one in found.values()]
        verdict = compare(run=run, found=rows, whole=True, is_known=True, now=now, of_crowd=True)
        if verdict:
            attach.apply(verdict, project=run.project, run=run, now=now)
            sources = leaking_keys.sources(run, blamed_before=verdict.blamed_before)
            ripples.queue(project_id=run.project_id, run_pks=sources - {run.pk}, now=now)


def refresh(project: Project, pairs: Iterable[tuple[Mapping[bytes, Found], Mapping[bytes, Row]]]) -> None:
    """Writes evidence that has moved, of anomalies that otherwise are as they stand: one query at most."""
    stale = [
        (stored[key].pk, json.dumps(one.evidence))
        for found, stored in pairs
        for key, one in found.items()
        if has_moved(stored[key].evidence, one.evidence)
    ]
    if stale:
        pks, evidence = zip(*stale, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_REFRESH, [list(pks), list(evidence), project.pk])
