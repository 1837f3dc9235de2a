"""Matches reports with labels as the corpus counts them: place, and paths of which one covers the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.detection.anomaly import Anomaly
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.paths import compile_path

RULE_IDS = {rule.id for rule in CATALOGUE}


@dataclass
class Score:
    """Hits, misses and false positives by rule, and labels whose class came out right or wrong."""

    hits: Counter[str] = field(default_factory=Counter)
    missed: list[Mapping[str, Any]] = field(default_factory=list)
    false: list[Anomaly] = field(default_factory=list)
    wrong_class: list[Mapping[str, Any]] = field(default_factory=list)
    wrong_source: list[Mapping[str, Any]] = field(default_factory=list)


def score(expected: Mapping[str, Any], reported: Iterable[Anomaly]) -> Score:
    """The score of the reports on one scenario, for the rules of the catalogue."""
    result = Score()
    labels = [label for label in expected["anomalies"] if label["rule"] in RULE_IDS]
    allowed = labels + [label for label in expected["also_allowed"] if label["rule"] in RULE_IDS]
    reports = list(reported)
    for label in labels:
        matching = [one for one in reports if _matches(one, label)]
        if not matching:
            result.missed.append(label)
            continue
        result.hits[label["rule"]] += 1
        if not label.get("class_unsure") and all(one.leak_class != label["class"] for one in matching):
            result.wrong_class.append(label)
        if not any(_same_source(one, label) for one in matching):
            result.wrong_source.append(label)
    result.false = [one for one in reports if not any(_matches(one, label) for label in allowed)]
    return result


def _matches(one: Anomaly, label: Mapping[str, Any]) -> bool:
    place = (label["rule"], label["run_id"], label["step"], label["phase"])
    return (one.rule, one.run_id, one.step, one.phase) == place and _related(one.path, label["path"])


def _related(left: str, right: str) -> bool:
    a, b = _parts(left), _parts(right)
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]


def _parts(path: str) -> tuple[object, ...]:
    return compile_path(path).plan or ()


def _same_source(one: Anomaly, label: Mapping[str, Any]) -> bool:
    if label["source"] is None:
        # Labels of a broken promise name no source where the recording program logged no leak.
        return one.source is None or one.leak_class == "integrity"
    others = [other["run_id"] if isinstance(other, dict) else other for other in label.get("source_or", ())]
    return one.source is not None and one.source.run_id in [label["source"]["run_id"], *others]
