"""`/api/v1/runs/{run_id}`: a run, its context at any step, and what each step changed.

Run ids may hold slashes, so the longer addresses are asked for first; where no run has the shorter
id, the whole address is one.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.schemas import ChangesOut, ContextOut, RunOut
from ingestion.auth import KeyAuth, key_of
from ingestion.problems import Problem
from monitor.detection.paths import PathError
from monitor.queries import runs

router = Router(tags=["runs"])


class Wanted(Schema):
    """Which moment of a run, and what of its context."""

    at: str | None = Field(None, description="STEP.enter, STEP.exit, run.start, or run.end (the default)")
    path: str = Field("$", description="an RFC 9535 JSONPath")
    attempt: int | None = None
    branch: str | None = None


@router.get(
    "/runs/{path:run_id}/context",
    auth=KeyAuth("read"),
    response={200: ContextOut | RunOut},
    by_alias=True,
    summary="The context at a step",
)
def context(request: HttpRequest, run_id: str, wanted: Query[Wanted]) -> HttpResponse:
    """The context as it stood there, last of all if the step ran more than once, filtered by a JSONPath."""
    project = key_of(request).project
    if runs.find(project, run_id) is None:
        return _run(request, f"{run_id}/context")
    try:
        found = runs.context_at(
            project,
            run_id,
            at=wanted.at,
            path=wanted.path,
            attempt=wanted.attempt,
            branch=wanted.branch,
        )
    except PathError as error:
        said = f"no RFC 9535 JSONPath: {error}"
        raise Problem(
            422, "Not understood: path. Send one such as $.customer.id.", errors=[{"field": "path", "error": said}]
        ) from error
    if found is None:
        raise Problem(404, "This run has no such moment: send at=STEP.enter or at=STEP.exit of a step it had.")
    return answer(runs.context_as_json(found))


@router.get(
    "/runs/{path:run_id}/changes",
    auth=KeyAuth("read"),
    response={200: ChangesOut | RunOut},
    by_alias=True,
    summary="What each step changed",
)
def changes(request: HttpRequest, run_id: str) -> HttpResponse:
    """For each exit of a step, what differs from its enter (or, without one, from the event before)."""
    found = runs.changes(key_of(request).project, run_id)
    if found is None:
        return _run(request, f"{run_id}/changes")
    return answer({"run_id": run_id, "steps": [runs.changes_as_json(step) for step in found]})


@router.get("/runs/{path:run_id}", auth=KeyAuth("read"), response={200: RunOut}, by_alias=True, summary="One run")
def run(request: HttpRequest, run_id: str) -> HttpResponse:
    """The run, its steps in order, its family, and what was found in it."""
    return _run(request, run_id)


def _run(request: HttpRequest, run_id: str) -> HttpResponse:
    found = runs.find(key_of(request).project, run_id)
    if found is None:
        raise Problem(404, "There is no such run in this key's project.")
    return answer(runs.as_json(found))
