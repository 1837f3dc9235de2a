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
from tests.monitor.services.streams import Row, rows_of

RULE = "foreign-value"


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
    return rows_of(map(found_of, rows), _values)


def judged(sample: Sample) -> dict[Row, Row]:
    """What the pure core says of the same events."""
    return judged_events(sample.events, sample.maps)


def judged_events(events: Iterable[Event], maps: Mapping[str, Any]) -> dict[Row, Row]:
    """The same for events without a name."""
    return rows_of((one for one in judge_all(events, maps) if one.rule == RULE), _values)


def _values(one: FoundAnomaly) -> Row:
    proof, owner = one.evidence["proof"], one.evidence["owner"]["run_id"]
    return canonical(one.expected), canonical(one.observed), proof, owner
