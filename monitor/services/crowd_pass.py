"""One pass over a project's crowd: read what is due, judge all together, write what that changes."""

from __future__ import annotations

import gc
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import Error as DatabaseError

from monitor.detection.anomaly import Anomaly as Found
from monitor.detection.people.project import CrowdJudgement
from monitor.detection.people.seen import RunName
from monitor.models import Project
from monitor.queries.maps import maps_of
from monitor.services import crowd_facts, crowd_verdicts, failures
from monitor.services.attach import Raced
from monitor.services.crowd_memory import FactsMoved, Memory, memory_of
from monitor.services.crowd_verdicts import RULE, Standing

logger = logging.getLogger(__name__)

ATTEMPTS = 3
Rows = Mapping[int, frozenset[int]]
"""The CrowdWork rows that a pass takes up, by the run they name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many runs were judged together, and for which runs nothing could be written, with the error's type."""

    runs: int
    failed: Mapping[int, str]


@dataclass(slots=True)
class _Findings:
    """What was found in the judged runs, by run, the runs in which the rule raised, and those to be left alone."""

    judged: frozenset[int]
    runs: int
    standing: Standing
    found: dict[int, dict[bytes, Found]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)


def judge(project: Project, rows: Rows, *, unread: Collection[int], now: datetime) -> Outcome:
    """Judges the newest runs of a project together; `rows` are the caller's to delete afterwards.

    What the `unread` ones of these runs held is read from their events first; that of the others is stored.
    Raises FactsMoved where events of the same runs kept arriving, and whatever the database does.
    """
    memory = memory_of(project.pk, maps_of(project))
    errors = crowd_facts.read(project, memory, unread)
    bare = {pk for pk in rows if pk in memory.facts and not memory.facts[pk].parts}
    findings = _findings(project, memory, bare)
    looked_at = (rows.keys() | findings.judged) - bare | errors.keys()
    failures.record_of_crowd(
        project=project, rule=RULE, errors={**errors, **findings.errors}, looked_at=looked_at, now=now
    )
    return Outcome(findings.runs, _settle(project, findings, rows, now))


def _findings(project: Project, memory: Memory, bare: set[int]) -> _Findings:
    """What is found; a run of which events arrived in between is read again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _uncollected():
                return _found_together(project, memory, bare)
        except FactsMoved as moved:
            if attempt == ATTEMPTS:
                raise
            crowd_facts.read(project, memory, [moved.run_pk])
    raise AssertionError("unreachable")


def _found_together(project: Project, memory: Memory, bare: set[int]) -> _Findings:
    newest = crowd_facts.newest(project, memory)
    standing = Standing.of(project, [*newest, *bare])
    gathered = crowd_facts.gather(project, memory, newest, standing.names)
    judgement = CrowdJudgement(gathered.seen, memory.reader)
    findings = _Findings(gathered.judged | bare, len(gathered.seen), standing)
    suspects: dict[int, list[RunName]] = {}
    for name in judgement.suspects:
        suspects.setdefault(gathered.pks[name[0]], []).append(name)
    for pk, names in suspects.items():
        if pk not in gathered.judged:
            continue
        try:
            leaves = [leaf for name in names for leaf in judgement.found_in(name)]
            if leaves:
                findings.found[pk] = crowd_verdicts.anomalies(crowd_facts.view_of(project, memory, pk), leaves)
        except DatabaseError:
            raise
        except FactsMoved:
            # Whichever run it is, it is due again, and then all of them are judged again.
            findings.moved.add(pk)
        except Exception as error:  # one run that cannot be reported must not hide the others
            findings.errors[pk] = type(error).__name__
    crowd_facts.forget(project, gathered)
    return findings


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's cycle collector would walk all facts again and again, a third of the time, and find nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _settle(project: Project, findings: _Findings, rows: Rows, now: datetime) -> dict[int, str]:
    """Writes the differences, run by run in the order of time; the runs for which that failed."""
    failed: dict[int, str] = {}
    found, stored = findings.found, findings.standing.rows
    same: list[int] = []
    for pk in [*found, *sorted(stored.keys() - found.keys())]:
        if pk in findings.errors or pk in findings.moved:
            continue
        if not crowd_verdicts.differs(found.get(pk, {}), stored.get(pk, {})):
            same.append(pk)
            continue
        try:
            _apply(pk, found.get(pk, {}), rows.get(pk, frozenset()), now)
        except DatabaseError:
            raise
        except Exception as error:
            logger.exception("what is foreign in a run could not be stored", extra={"run": pk})
            failed[pk] = type(error).__name__
    crowd_verdicts.refresh(project, [(found[pk], stored[pk]) for pk in same])
    return failed


def _apply(pk: int, found: Mapping[bytes, Found], seen: frozenset[int], now: datetime) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            crowd_verdicts.apply(run_pk=pk, found=found, seen=seen, now=now)
        except Raced:
            if attempt == ATTEMPTS:
                raise
        else:
            return
