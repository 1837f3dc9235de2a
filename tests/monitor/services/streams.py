"""Whole projects through the database line: stored and judged in pieces, and compared with the pure core."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from monitor.detection.anomaly import Anomaly as FoundAnomaly
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.values import canonical
from monitor.models import Anomaly, Project
from monitor.queries.anomalies import found_of
from monitor.services import detect
from monitor.services.actor import SYSTEM
from monitor.services.maps import put_map
from tests.detection.samples import Sample
from tests.factories import NOW
from tests.monitor.services.story import post, settle

RULES = tuple(rule for rule in CATALOGUE if rule.id != "foreign-value")
Row = tuple[Any, ...]


def tell_in_pieces(project: Project, sample: Sample, dice: random.Random) -> None:
    """Stores a sample's events in random order and batches, some of them twice, and judges a little in between."""
    events = [*sample.events, *dice.sample(sample.events, k=min(3, len(sample.events)))]
    dice.shuffle(events)
    while events:
        size = dice.choice([1, 3, 10, 40])
        post(project, events[:size])
        del events[:size]
        detect.judge_due(now=NOW, limit_runs=dice.choice([1, 2, 20]))
    settle()


def put_maps(project: Project, texts: Mapping[str, str]) -> None:
    """Puts maps in force, by workflow."""
    for workflow, text in texts.items():
        put_map(project=project, workflow=workflow, text=text, by=SYSTEM, now=NOW)


def rows_stored(project: Project) -> dict[Row, Row]:
    """What stands in the database, by key."""
    stored = Anomaly.objects.filter(project=project).exclude(rule="foreign-value").select_related("run", "event")
    return rows_of(map(found_of, stored), _values)


def rows_of_history(events: Sequence[Event], sample: Sample) -> dict[Row, Row]:
    """What the pure core says of the same events, less what only a foreign value would show."""
    return rows_of(judge_all(events, sample.maps, RULES), _values)


def _values(one: FoundAnomaly) -> Row:
    return canonical(one.expected), canonical(one.observed), canonical(one.evidence)


def rows_of(found: Iterable[FoundAnomaly], values: Callable[[FoundAnomaly], Row]) -> dict[Row, Row]:
    """Anomalies as rows that can be compared, by key; `values` are what else of one counts."""
    rows: dict[Row, Row] = {}
    for one in found:
        rows.setdefault(one.key, (*_row(one), *values(one)))
    return rows


def _row(one: FoundAnomaly) -> Row:
    source = one.source
    whence = (source.run_id, source.step, source.path, source.resource, source.event_id) if source else None
    return one.leak_class, one.severity, one.workflow, one.event_id, one.message, whence


def differences(stored: Mapping[Row, Row], judged: Mapping[Row, Row]) -> list[tuple[Row, Row | None, Row | None]]:
    """Each anomaly that is not alike in both, with what each of them says."""
    keys = sorted(stored.keys() | judged.keys(), key=repr)
    return [(key, stored.get(key), judged.get(key)) for key in keys if stored.get(key) != judged.get(key)]
