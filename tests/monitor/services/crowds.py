"""Projects told in pieces and judged together, until neither a run nor the crowd is due."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from monitor.detection.anomaly import Anomaly as FoundAnomaly
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.values import canonical
from monitor.models import Anomaly, CrowdWork, Project, Work
from monitor.queries.anomalies import found_of
from monitor.services import crowd, detect
from tests.detection.samples import Sample
from tests.factories import NOW
from tests.monitor.services.story import post, settle

RULE = "foreign-value"
Row = tuple[Any, ...]


def settle_all() -> int:
    """Judges runs and crowds until nothing is due; the number of passes over a crowd. Each is a minute later."""
    passes, at = 0, NOW
    while Work.objects.exists() or CrowdWork.objects.exists():
        settle(now=at)
        passes += crowd.judge_crowds(now=at, limit=10)
        at += timedelta(minutes=1)
        assert passes < 100, "judging does not come to an end"
    return passes


def tell_in_pieces(project: Project, events: Iterable[Event], dice: random.Random) -> None:
    """Stores events in random order and batches, some twice, and judges a little in between."""
    told = list(events)
    left = [*told, *dice.sample(told, k=len(told) // 10)]
    dice.shuffle(left)
    at = NOW
    while left:
        size = dice.choice([20, 100, 400])
        post(project, left[:size], now=at)
        del left[:size]
        detect.judge_due(now=at, limit_runs=dice.choice([5, 20, 200]))
        at += timedelta(seconds=dice.choice([0, 30]))
        if dice.random() < 0.3:
            crowd.judge_crowds(now=at)
    settle_all()


def stored(project: Project) -> dict[Row, Row]:
    """What stands of the rule, by key."""
    rows = Anomaly.objects.filter(project=project, rule=RULE).select_related("run", "event")
    return _rows(map(found_of, rows))


def judged(sample: Sample) -> dict[Row, Row]:
    """What the pure core says of the same events."""
    return judged_events(sample.events, sample.maps)


def judged_events(events: Iterable[Event], maps: Mapping[str, Any]) -> dict[Row, Row]:
    """The same for events without a name."""
    return _rows(one for one in judge_all(events, maps) if one.rule == RULE)


def _rows(found: Iterable[FoundAnomaly]) -> dict[Row, Row]:
    rows: dict[Row, Row] = {}
    for one in found:
        rows.setdefault(one.key, _row(one))
    return rows


def _row(one: FoundAnomaly) -> Row:
    source = one.source
    whence = (source.run_id, source.step, source.path, source.resource, source.event_id) if source else None
    values = (
        canonical(one.expected),
        canonical(one.observed),
        one.evidence["proof"],
        one.evidence["owner"]["run_id"],
    )
    return one.leak_class, one.severity, one.workflow, one.event_id, one.message, whence, *values
