"""Learns each step's `resources` from what it touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.detection.learning.past import Past, PastRun
from monitor.detection.learning.patterns import Ids, patterns
from monitor.detection.learning.proposal import LeftOut, Line, Support
from monitor.detection.values import is_fingerprint

MAX_PATTERNS = 20


@dataclass(slots=True)
class _Step:
    """The runs that went through a step, and each touch of it as `store:key` with the run's own ids."""

    runs: set[str] = field(default_factory=set)
    touches: list[tuple[str, Ids]] = field(default_factory=list)


def resources(past: Past, support: Support) -> Iterator[Line | LeftOut]:
    """Patterns for every step that touched something; an empty list for those that never did.

    Where no step of the workflow touched anything, its senders seem not to record it, and nothing is proposed.
    """
    seen: defaultdict[str, _Step] = defaultdict(_Step)
    for past_run in past.runs:
        _take(past_run, seen)
    if not any(step.touches for step in seen.values()):
        return
    for name in sorted(seen):
        if len(seen[name].runs) >= support.min_runs:
            yield from _of_step(("steps", name, "resources"), seen[name], support)


def _take(past_run: PastRun, seen: Mapping[str, _Step]) -> None:
    own, run_id = past_run.run.own, past_run.run.run_id
    said = {"run_id": run_id, "execution_id": own.execution_id, "session": own.session, "tenant": own.tenant}
    ids = {name: None if is_fingerprint(text) else text for name, text in said.items()}
    for snapshot in past_run.snapshots:
        step = seen[snapshot.event.step]
        step.runs.add(run_id)
        step.touches += [(f"{access.store}:{access.key}", ids) for access in snapshot.event.accesses]


def _of_step(at: tuple[str, ...], step: _Step, support: Support) -> Iterator[Line | LeftOut]:
    found, of = patterns(step.touches), len(step.touches)
    if len(found) > MAX_PATTERNS:
        yield LeftOut(".".join(at), f"{len(found)} patterns would be needed: the keys have no common form")
        return
    if not found:
        yield Line(at, None, len(step.runs), len(step.runs), "runs", "it touched nothing")
    for pattern in sorted(found):
        rare = support.is_rare(found[pattern], of)
        notes = ["rare: look whether the step is meant to"] if rare else []
        if "{" not in pattern:
            notes.append("no id of the run in it: adopting it says that the key is shared on purpose")
        yield Line(at, pattern, found[pattern], of, "accesses", "; ".join(notes), rare)
