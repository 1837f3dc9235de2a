"""The verdict on a stored incident: its evidence gathered in the order of its cost, until it decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, TextField, When, Window
from django.db.models.functions import Cast, DenseRank, RowNumber

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event as ContextEvent
from monitor.detection.incident_verdict import WITHOUT_VALUE, AffectedRun, Origin, Verdict, decide
from monitor.detection.likeness import input_digest, output_digest
from monitor.detection.order import in_order
from monitor.models import Anomaly, Event, Incident, IncidentRun, Project, Run
from monitor.queries.events import as_event
from monitor.queries.maps import map_in_force

LOOKED_AT_RUNS = 200
"""Of an incident with more runs the newest ones are looked at; so many clean runs stand beside them."""
LOOKED_AT_ANOMALIES = 4_000
COMPARED_EVENTS = 500
"""A longer run is not compared: to find its first and last event would cost too much."""
COMPARED_BYTES = 32_768
"""A larger context is not compared."""
_ENDS = 2
"""So many events at an end of a run, by the senders' clocks, hold the one that is first, or last, in its order."""


@dataclass(frozen=True, slots=True)
class IncidentVerdict:
    """The verdict, and how many of the incident's runs were `looked_at`, the newest ones."""

    verdict: Verdict
    looked_at: int


def incident_verdict(project: Project, incident: Incident) -> IncidentVerdict:
    """The verdict on an incident: two queries where owners or losses decide, at most eight otherwise."""
    found = _affected(project, incident, _newest_runs(incident))
    verdict = decide(incident.rule, tuple(found.values()))
    if verdict.kind == "not_enough_evidence" and found and incident.rule not in WITHOUT_VALUE:
        verdict = _compared(project, incident, found)
    return IncidentVerdict(verdict, looked_at=len(found))


def as_json(found: IncidentVerdict) -> dict[str, Any]:
    """The verdict as the API shows it."""
    verdict = found.verdict
    return {
        "kind": verdict.kind,
        "runs": verdict.runs,
        "because": verdict.because,
        "evidence_incomplete": verdict.evidence_incomplete,
        "missing_events": verdict.gaps,
        "runs_looked_at": found.looked_at,
    }


def _newest_runs(incident: Incident) -> dict[int, int]:
    """By run, how many sequence numbers are missing from it."""
    rows = IncidentRun.objects.filter(incident=incident).order_by("-first_at", "-id")
    return {pk: len(gaps) for pk, gaps in rows.values_list("run__id", "run__gaps")[:LOOKED_AT_RUNS]}


def _affected(project: Project, incident: Incident, gaps: Mapping[int, int]) -> dict[int, AffectedRun]:
    """What the anomalies of the incident say of each run; equal values have one rank, so that none is loaded."""
    rows = (
        Anomaly.objects.filter(project=project, incident=incident, run__in=list(gaps))
        .annotate(as_text=Cast("observed", TextField()))
        .annotate(
            rank=Window(DenseRank(), order_by=F("observed").asc(nulls_first=True)),
            fingerprinted=Q(as_text__contains='"fp:'),
            is_missing=Q(observed__isnull=True, expected__isnull=False),
            is_own=Q(source_run_id=F("run__run_id")),
        )
        .order_by("-run__id", "path", "rank")
        .values("run__id", "path", "rank", "fingerprinted", "is_missing", "is_own", "leak_class", "source_run_id")
        .distinct()
    )
    by_run: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows[:LOOKED_AT_ANOMALIES]:
        by_run.setdefault(row["run__id"], []).append(row)
    return {pk: _told(rows, gaps=gaps[pk]) for pk, rows in by_run.items()}


def _told(rows: Sequence[Mapping[str, Any]], *, gaps: int) -> AffectedRun:
    leaks = [row for row in rows if row["leak_class"] != "integrity"]
    traced: list[Origin] = ["itself" if row["is_own"] else "another" for row in leaks if row["source_run_id"]]
    return AffectedRun(
        wrong=frozenset((row["path"], row["rank"]) for row in rows),
        missing=all(row["is_missing"] for row in rows),
        origin=traced[0] if traced else None,
        leaks=bool(leaks),
        fingerprinted=any(row["fingerprinted"] for row in rows),
        gaps=gaps,
    )


def _compared(project: Project, incident: Incident, found: Mapping[int, AffectedRun]) -> Verdict:
    """The verdict by the inputs of the affected runs, and where those do not tell, by those of clean ones."""
    context_map = map_in_force(project, incident.workflow)
    first = _at_the_end(project, found, last=False)
    inputs = _inputs(first, context_map)
    outputs: dict[int, bytes] = {}
    if context_map is not None and context_map.deterministic:
        outputs = _outputs(first, _at_the_end(project, found, last=True), context_map)
    runs = [replace(run, given=inputs.get(pk), output=outputs.get(pk)) for pk, run in found.items()]
    verdict = decide(incident.rule, runs)
    if verdict.kind != "not_enough_evidence" or all(run.leaks or run.given is None for run in runs):
        return verdict
    beside = _at_the_end(project, _clean_runs(project, incident.workflow), last=False)
    return decide(incident.rule, runs, clean=Counter(_inputs(beside, context_map).values()))


def _inputs(first: Mapping[int, ContextEvent], context_map: ContextMap | None) -> dict[int, bytes]:
    digests = {pk: input_digest(event, context_map) for pk, event in first.items()}
    return {pk: digest for pk, digest in digests.items() if digest is not None}


def _outputs(
    first: Mapping[int, ContextEvent], last: Mapping[int, ContextEvent], context_map: ContextMap
) -> dict[int, bytes]:
    ended = [pk for pk, event in last.items() if event.final and pk in first]
    digests = {pk: output_digest(first[pk], last[pk], context_map) for pk in ended}
    return {pk: digest for pk, digest in digests.items() if digest is not None}


def _clean_runs(project: Project, workflow: str) -> list[int]:
    """The newest judged runs of the workflow that ended and in which nothing was found."""
    newest = Run.objects.filter(project=project, workflow=workflow, last_at__isnull=False)
    looked_at = newest.order_by("-last_at", "-id").values("pk")[: 2 * LOOKED_AT_RUNS]
    clean = Run.objects.filter(~Exists(Anomaly.objects.filter(run=OuterRef("pk"))), pk__in=looked_at, ended=True)
    return list(clean.order_by("-last_at", "-id").values_list("pk", flat=True)[:LOOKED_AT_RUNS])


def _at_the_end(project: Project, runs: Iterable[int], *, last: bool) -> dict[int, ContextEvent]:
    """The first or the last event of each run; none of a run that is too long or too large to compare."""
    order = [F(name).desc() if last else F(name).asc() for name in ("occurred_at", "phase", "event_id")]
    rows = (
        Event.objects.filter(project=project, run__in=list(runs), run__event_count__lte=COMPARED_EVENTS)
        .annotate(place=Window(RowNumber(), partition_by=[F("run")], order_by=order))
        .filter(place__lte=_ENDS)
        .annotate(small=Case(When(context_bytes__lte=COMPARED_BYTES, then=F("body")), default=None))
    )
    by_run: dict[int, list[bytes | None]] = {}
    for pk, body in rows.values_list("run__id", "small"):
        by_run.setdefault(pk, []).append(body)
    found = {pk: [as_event(body) for body in bodies if body] for pk, bodies in by_run.items() if all(bodies)}
    return {pk: in_order(events)[-1 if last else 0] for pk, events in found.items()}
