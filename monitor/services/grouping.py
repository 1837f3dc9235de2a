"""Which anomalies are one problem, and what an anomaly does to the incidents of its group: decided, not done."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from monitor.models import Incident
from monitor.models.incidents import STANDING

SEVERITIES = ("warning", "high", "critical")
SPREAD_AT_RUNS = (2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)

_SEGMENT = re.compile(r"\['(?:[^'\\]|\\.)*'\]|(?P<index>\[\d+\])")

Reason = Literal["new", "returned", "standing", "late", "recurred", "known_false", "reopened", "window_over"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The incident that new anomalies of a run go to (None: a new one), and why."""

    incident: Incident | None
    reason: Reason


def general_path(path: str) -> str:
    """A normalized path with each list index as `[*]`: `$.items[*]['a[0]']`."""
    return _SEGMENT.sub(lambda found: "[*]" if found["index"] else found[0], path)


def fingerprint(workflow: str, rule: str, path: str) -> str:
    """The group of an anomaly: one workflow, one rule, one path whatever the list index."""
    parts = "\x00".join((workflow, rule, general_path(path)))
    return "v1:" + sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def decide(
    incidents: Sequence[Incident], *, holds_run: Iterable[int], now: datetime, window: timedelta
) -> Decision:
    """Where new anomalies of a run belong among all incidents of their group.

    `holds_run` are the incidents that the run is in already; `now` and `window` are server time. A
    run stays with its incident; else a standing incident takes it; else the latest one decides: a
    false positive takes it silently, one resolved within the window reopens, a withdrawn one
    returns, and otherwise a new one opens.
    """
    by_age = sorted(incidents, key=lambda one: one.pk)
    known = set(holds_run)
    home = next((one for one in reversed(by_age) if one.pk in known and one.withdrawn_at is None), None)
    if home is not None:
        return Decision(home, "standing" if home.status in STANDING else "late")
    standing = next((one for one in by_age if one.status in STANDING and one.withdrawn_at is None), None)
    if standing is not None:
        return Decision(standing, "standing")
    if not by_age:
        return Decision(None, "new")
    return _after(by_age[-1], now=now, window=window)


def _after(latest: Incident, *, now: datetime, window: timedelta) -> Decision:
    if latest.withdrawn_at is not None:
        return Decision(latest, "returned")
    if latest.status == Incident.Status.FALSE_POSITIVE:
        return Decision(latest, "known_false")
    if latest.resolved_at is not None and now - latest.resolved_at <= window:
        return Decision(latest, "reopened")
    return Decision(None, "window_over")


def worst(severities: Iterable[str]) -> str:
    """The worst of several severities, at least one."""
    return max(severities, key=SEVERITIES.index)


def prevailing_class(counts: Counter[str], before: str) -> str:
    """The leak class of most anomalies; unknown only where nothing else is said, ties keep the present one."""
    known = Counter({name: count for name, count in counts.items() if name != "unknown" and count})
    if not known:
        return "unknown" if counts else before
    most = max(known.values())
    leading = sorted(name for name, count in known.items() if count == most)
    return before if before in leading else leading[0]


def spread_past(before: int, after: int) -> bool:
    """Whether growing from one number of runs to another is worth a line in the log."""
    return bisect_right(SPREAD_AT_RUNS, after) > bisect_right(SPREAD_AT_RUNS, before)
