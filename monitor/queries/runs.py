"""Runs: by their id, as JSON, the context at any of their steps, and what each step changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from monitor.detection.event import Event
from monitor.detection.facts import MAX_GAPS
from monitor.detection.order import in_order
from monitor.detection.paths import compile_path, render
from monitor.models import Incident, IncidentRun, Project, Run
from monitor.queries import anomalies, events
from monitor.queries.changes import StepChanges, changes_of
from monitor.queries.rule_failures import failure_as_json, failures_in
from monitor.queries.wire import rfc3339

MAX_EVENTS = 5000
"""Of a run with more, the earliest are shown, and that there are more is said."""
MAX_ANOMALIES = 500
MAX_MATCHES = 1000


@dataclass(frozen=True, slots=True)
class ContextAt:
    """The context at one event of a run; `matches` are the places a path finds in it, with their values."""

    event: Event
    path: str
    matches: tuple[tuple[str, Any], ...]


def find(project: Project, run_id: str) -> Run | None:
    """The project's run with this id."""
    return Run.objects.select_related("project").filter(project=project, run_id=run_id).first()


def events_of(project: Project, run: Run) -> list[Event]:
    """The run's events in the order of EVENTS.md; of more than MAX_EVENTS the earliest."""
    return in_order(events.of_run(project, run, limit=MAX_EVENTS))


def context_at(
    project: Project,
    run_id: str,
    *,
    at: str | None = None,
    path: str = "$",
    attempt: int | None = None,
    branch: str | None = None,
) -> ContextAt | None:
    """The context at `STEP.enter`, `STEP.exit`, `run.start` or `run.end` (also: no `at`).

    A step that ran more than once is shown as it stood last; `attempt` and `branch` say which
    otherwise. None where there is no such run or moment. Raises detection.paths.PathError.
    """
    compiled = compile_path(path)
    run = find(project, run_id)
    found = None if run is None else _moment(events_of(project, run), at or "run.end", attempt, branch)
    if found is None:
        return None
    matches = islice(compiled.find(found.context), MAX_MATCHES)
    return ContextAt(found, path, tuple((render(location), value) for location, value in matches))


def _moment(listed: Sequence[Event], at: str, attempt: int | None, branch: str | None) -> Event | None:
    step, _, phase = at.rpartition(".")
    named = [event for event in listed if (event.step, event.phase) == (step, phase)]
    if not named and at in ("run.start", "run.end"):
        named = list(listed[:1] if at == "run.start" else listed[-1:])
    if attempt is not None:
        named = [event for event in named if event.attempt == attempt]
    if branch is not None:
        named = [event for event in named if event.branch == branch]
    return named[-1] if named else None


def changes(project: Project, run_id: str) -> list[StepChanges] | None:
    """What each step of the run changed, in order; None where there is no such run."""
    run = find(project, run_id)
    return None if run is None else changes_of(events_of(project, run))


def as_json(run: Run) -> dict[str, Any]:
    """A run as the API shows it: what it is, its steps, its family, and what was found in it."""
    project = run.project
    listed = events_of(project, run)
    found = anomalies.standing(project).filter(run=run).select_related("run", "event", "incident")
    touched = IncidentRun.objects.filter(run=run, incident__withdrawn_at=None)
    children = Run.objects.filter(project=project, parent_run_id=run.run_id)
    return {
        "run_id": run.run_id,
        "workflow": run.workflow,
        "status": run.status,
        "ended": run.ended,
        "parent_run_id": run.parent_run_id,
        "parent_step": run.parent_step,
        "children": list(children.order_by("first_at", "id").values_list("run_id", flat=True)[:MAX_EVENTS]),
        "execution_id": run.execution_id,
        "session": run.session,
        "tenant": run.tenant,
        "first_at": rfc3339(run.first_at),
        "last_at": rfc3339(run.last_at),
        "judged_at": rfc3339(run.judged_at),
        "events_judged": run.event_count,
        "gaps": run.gaps,
        "evidence": evidence_of(run),
        "rule_errors": [failure_as_json(one) for one in failures_in(project, run)],
        "steps": [event_as_json(event) for event in listed],
        "steps_cut_off": len(listed) == MAX_EVENTS,
        "anomalies": [
            anomalies.as_json(anomaly) for anomaly in found.order_by("occurred_at", "id")[:MAX_ANOMALIES]
        ],
        "incidents": [
            incident.key for incident in Incident.objects.filter(affected__in=touched).order_by("number")
        ],
    }


def evidence_of(run: Run) -> str | None:
    """What is missing from a run, in words; None where its sequence has no gap that is known of."""
    if not run.gaps:
        return None
    numbers = ", ".join(map(str, run.gaps))
    more = " and maybe more" if len(run.gaps) >= MAX_GAPS else ""
    return f"evidence incomplete: sequence {numbers}{more} never arrived"


def event_as_json(event: Event) -> dict[str, Any]:
    """Which moment of its run an event is; without its context."""
    return {
        "event_id": event.event_id,
        "occurred_at": rfc3339(event.occurred_at),
        "step": event.step,
        "phase": event.phase,
        "attempt": event.attempt,
        "branch": event.branch,
        "sequence": event.sequence,
        "status": event.status,
        "final": event.final,
        "partial": event.partial,
        "accesses": [
            {"store": one.store, "op": one.op, "key": one.key, "ttl_seconds": one.ttl_seconds}
            for one in event.accesses
        ],
        "attributes": dict(event.attributes),
    }


def context_as_json(found: ContextAt) -> dict[str, Any]:
    """The context at a moment, or what a path finds in it, as the API shows it."""
    whole = {"context": found.event.context} if found.path == "$" else {}
    return {
        **event_as_json(found.event),
        "run_id": found.event.run_id,
        **whole,
        "path": found.path,
        "matches": [{"path": path, "value": value} for path, value in found.matches],
    }


def changes_as_json(step: StepChanges) -> dict[str, Any]:
    """What one step changed, as the API shows it; `since` is null where nothing came before it."""
    before = step.before
    return {
        **event_as_json(step.event),
        "since": None if before is None else {"step": before.step, "phase": before.phase},
        "changes": [
            {"path": one.path, "kind": one.kind, "before": one.before, "after": one.after} for one in step.changes
        ],
        "cut_off": step.cut_off,
    }
