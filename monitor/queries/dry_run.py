"""What a map would report in the stored events of its workflow, against what stands. Nothing is stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from typing import Any, Protocol, TypeVar

from django.db.models import Q

from monitor.detection.anomaly import Anomaly as FoundAnomaly
from monitor.detection.anomaly import AnomalyKey
from monitor.detection.context_map import ContextMap
from monitor.detection.history import judge_all
from monitor.models import Anomaly, Project, Run
from monitor.queries import anomalies
from monitor.queries.maps import maps_of, version_in_force
from monitor.queries.stretch import Bounds, Stretch, newest

MAX_EXAMPLES = 50


class _Judged(Protocol):
    """What anomalies are counted by, stored or not."""

    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> str: ...


One = TypeVar("One", bound=_Judged)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A standing anomaly: its row's primary key, and what it is counted by."""

    pk: int
    rule: str
    severity: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a proposed map would report in a stretch of history, and what stands there, each by its key.

    `found` is what the proposed map finds, `before` what the one in force (`version`) finds in the
    same events, and `standing` what is stored.
    """

    project: Project
    workflow: str
    version: int | None
    stretch: Stretch
    found: Mapping[AnomalyKey, FoundAnomaly]
    before: Collection[AnomalyKey]
    standing: Mapping[AnomalyKey, _Standing]


def dry_run(
    project: Project,
    proposed: ContextMap,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit_runs: int | None = None,
) -> DryRun:
    """Judges the newest runs of the map's workflow, with their relatives, by it and by the map in force.

    `since` and `until` bound the time, by the senders' clocks, at which a run was seen at all. The
    runs are judged among themselves: what only other runs' events would show is not found.
    """
    workflow, maps = proposed.workflow, maps_of(project)
    runs = Run.objects.filter(project=project, workflow=workflow, judged_at__isnull=False)
    within = Q() if since is None else Q(last_at__gte=since)
    within &= Q() if until is None else Q(first_at__lt=until)
    stretch = newest(project, runs.filter(within), Bounds.of_settings(runs=limit_runs))
    version = version_in_force(project, workflow)
    return DryRun(
        project=project,
        workflow=workflow,
        version=version.number if version else None,
        stretch=stretch,
        found={one.key: one for one in judge_all(stretch.events, {**maps, workflow: proposed})},
        before=frozenset(one.key for one in judge_all(stretch.events, maps)),
        standing=_standing(project, stretch),
    )


def _standing(project: Project, stretch: Stretch) -> dict[AnomalyKey, _Standing]:
    rows = anomalies.standing(project).filter(run_id__in=[*stretch.runs, *stretch.relatives])
    columns = ("rule", "run__run_id", "step", "phase", "attempt", "branch", "path", "pk", "severity")
    found = rows.order_by("occurred_at", "id").values_list(*columns)
    return {row[:7]: _Standing(row[7], row[0], row[8]) for row in found}


def as_json(dry: DryRun) -> dict[str, Any]:
    """A dry run as the API shows it.

    `would_report` is `added` and `unchanged`. `stands` is `unchanged`, `removed` and `unconfirmed`:
    what neither the proposed map nor the one in force finds in these events, because it rests on runs
    that were not looked at, or was found by an earlier map.
    """
    found, standing = dry.found, dry.standing
    added = {key: one for key, one in found.items() if key not in standing}
    gone = {key: one for key, one in standing.items() if key not in found}
    return {
        "workflow": dry.workflow,
        "map_version": dry.version,
        "looked_at": dry.stretch.as_json(),
        "would_report": _counts(found.values()),
        "stands": _counts(standing.values()),
        "added": {
            **_counts(added.values()),
            "also_by_map_in_force": sum(key in dry.before for key in added),
            "examples": [_found_as_json(one) for one in _in_turn(added.values())],
        },
        "removed": _stored_as_json(dry, [one for key, one in gone.items() if key in dry.before]),
        "unchanged": _stored_as_json(dry, [one for key, one in standing.items() if key in found]),
        "unconfirmed": _stored_as_json(dry, [one for key, one in gone.items() if key not in dry.before]),
    }


def _counts(found: Collection[_Judged]) -> dict[str, Any]:
    return {
        "anomalies": len(found),
        "by_rule": dict(sorted(Counter(one.rule for one in found).items())),
        "by_severity": dict(sorted(Counter(one.severity for one in found).items())),
    }


def _stored_as_json(dry: DryRun, found: Collection[_Standing]) -> dict[str, Any]:
    picked = [one.pk for one in _in_turn(found)]
    rows = Anomaly.objects.filter(project=dry.project).select_related("run", "event", "incident").in_bulk(picked)
    return {**_counts(found), "examples": [anomalies.as_json(rows[pk]) for pk in picked if pk in rows]}


def _in_turn(found: Iterable[One]) -> list[One]:
    """The first of each rule, then the second of each, and so on: no rule hides another."""
    by_rule: defaultdict[str, list[One]] = defaultdict(list)
    for one in found:
        by_rule[one.rule].append(one)
    rounds = chain.from_iterable(zip_longest(*(by_rule[rule] for rule in sorted(by_rule))))
    return [one for one in rounds if one is not None][:MAX_EXAMPLES]


def _found_as_json(found: FoundAnomaly) -> dict[str, Any]:
    """An anomaly that is not stored, in the shape of those that are."""
    stored_only = {"anomaly_id": None, "incident": None, "received_at": None, "detected_at": None}
    return {**anomalies.found_as_json(found), **stored_only}
