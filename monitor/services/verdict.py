"""The anomalies of a run, stored: what was found against what stands, and only the difference written."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.db.models import Q

from monitor.detection.anomaly import Anomaly as Found
from monitor.detection.anomaly import AnomalyKey
from monitor.models import Anomaly, Event, Run
from monitor.services.lookup import Sought

KEY_BYTES = 16
_COMPARED = (
    "leak_class", "severity", "workflow", "expected", "observed", "evidence", "owner", "wants", "sought_until",
    "event_id", "source_run_id",
    "source_step", "source_path", "source_resource", "source_event_id", "source_occurred_at", "message",
    "occurred_at",
)  # fmt: skip
_WRITTEN = (*_COMPARED, "received_at")
CROWD_RULES = ("foreign-value",)
"""Judged over all runs of a project together, by `services.crowd`: no judgement of a run alone touches these."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The difference between what was found and what stands; rows `added` are not stored yet.

    `altered` rows hold their new values and are not stored yet either.
    """

    added: tuple[Anomaly, ...] = ()
    altered: tuple[Anomaly, ...] = ()
    withdrawn: tuple[Anomaly, ...] = ()
    blamed_before: frozenset[str] = frozenset()
    """The runs that the stored rows had as their sources, where all of them were looked at."""

    def __bool__(self) -> bool:
        return bool(self.added or self.altered or self.withdrawn)


def key_digest(key: AnomalyKey) -> bytes:
    """The key of an anomaly within its run, as it is stored: 16 bytes."""
    rule, _, *place = key
    text = json.dumps([rule, *place])
    return blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def compare(
    *,
    run: Run,
    found: Sequence[tuple[Found, Sought | None]],
    whole: bool,
    is_known: bool,
    now: datetime,
    of_crowd: bool = False,
) -> Verdict:
    """What storing these anomalies of a run would change; `found` names with each the value it looks for.

    `whole`: they are all of the run's, and what stands besides is withdrawn. Otherwise they are
    what the latest events added, and of two with one key the stored one stays. Of a run that is not
    known, because it was never judged, nothing can be stored yet. `of_crowd`: all this is about the
    rules that are judged over a crowd, and otherwise about all others.
    """
    if not found and not (whole and is_known):
        return Verdict()
    by_digest: dict[bytes, tuple[Found, Sought | None]] = {}
    if any(anomaly.owner for anomaly, _ in found):
        # Of two runs behind one run id that show the same, the one stands that showed it first.
        found = sorted(found, key=lambda one: (one[0].occurred_at, one[0].event_id))
    for anomaly, sought in found:
        by_digest.setdefault(key_digest(anomaly.key), (anomaly, sought))
    stored = _stored(run, None if whole else by_digest.keys(), of_crowd=of_crowd) if is_known else {}
    if not whole:
        by_digest = {digest: one for digest, one in by_digest.items() if digest not in stored}
    events = _events(run, {anomaly.event_id for anomaly, _ in by_digest.values()})
    rows = {
        digest: _row(anomaly, run=run, digest=digest, sought=sought, event=events[anomaly.event_id], now=now)
        for digest, (anomaly, sought) in by_digest.items()
    }
    if not whole:
        return Verdict(added=tuple(rows.values()))
    moved = {digest for digest in rows.keys() & stored.keys() if rows[digest].workflow != stored[digest].workflow}
    both = (rows.keys() & stored.keys()) - moved
    blamed = frozenset(row.source_run_id for row in stored.values() if row.source_run_id is not None)
    return Verdict(
        blamed_before=blamed,
        added=tuple(row for digest, row in rows.items() if digest not in both),
        altered=tuple(stored[digest] for digest in rows if digest in both and _take(stored[digest], rows[digest])),
        withdrawn=tuple(row for digest, row in stored.items() if digest not in both),
    )


def store(verdict: Verdict) -> None:
    """Writes the difference; rows `added` carry their incident already."""
    if verdict.withdrawn:
        Anomaly.objects.filter(pk__in=[row.pk for row in verdict.withdrawn]).delete()
    if verdict.altered:
        Anomaly.objects.bulk_update(verdict.altered, _WRITTEN)
    if verdict.added:
        Anomaly.objects.bulk_create(verdict.added)


def _stored(run: Run, digests: Collection[bytes] | None, *, of_crowd: bool) -> dict[bytes, Anomaly]:
    rows = Anomaly.objects.filter(
        Q(rule__in=CROWD_RULES) if of_crowd else ~Q(rule__in=CROWD_RULES), project=run.project_id, run=run
    )
    if digests is not None:
        rows = rows.filter(key_digest__in=list(digests))
    return {bytes(row.key_digest): row for row in rows}


def _events(run: Run, event_ids: Collection[str]) -> dict[str, tuple[int, datetime]]:
    if not event_ids:
        return {}
    rows = Event.objects.filter(project=run.project_id, event_id__in=list(event_ids))
    return {
        event_id: (pk, received_at)
        for event_id, pk, received_at in rows.values_list("event_id", "id", "received_at")
    }


def _row(
    found: Found,
    *,
    run: Run,
    digest: bytes,
    sought: Sought | None,
    event: tuple[int, datetime],
    now: datetime,
) -> Anomaly:
    pk, received_at = event
    source = found.source
    return Anomaly(
        project_id=run.project_id,
        run=run,
        event_id=pk,
        key_digest=digest,
        rule=found.rule,
        leak_class=found.leak_class,
        severity=found.severity,
        workflow=found.workflow,
        step=found.step,
        phase=found.phase,
        attempt=found.attempt,
        branch=found.branch,
        path=found.path,
        expected=found.expected,
        observed=found.observed,
        evidence=found.evidence,
        owner=found.owner,
        wants=sought.value if sought else None,
        sought_until=_sought_until(found, sought),
        source_run_id=source.run_id if source else None,
        source_step=source.step if source else None,
        source_path=source.path if source else None,
        source_resource=source.resource if source else None,
        source_event_id=source.event_id if source else None,
        source_occurred_at=source.occurred_at if source else None,
        message=found.message,
        occurred_at=found.occurred_at,
        received_at=received_at,
        detected_at=now,
    )


def _sought_until(found: Found, sought: Sought | None) -> datetime | None:
    """Until when another run may have done something that makes it the source in place of the present one."""
    if sought is None:
        return None
    return max(sought.held_at, found.source.occurred_at) if found.source else sought.held_at


def _take(stored: Anomaly, fresh: Anomaly) -> bool:
    """Gives the stored row the fresh one's values; whether any of them differed."""
    differing = [name for name in _COMPARED if _plain(getattr(stored, name)) != _plain(getattr(fresh, name))]
    for name in differing:
        setattr(stored, name, getattr(fresh, name))
    if differing:
        stored.received_at = fresh.received_at
    return bool(differing)


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
