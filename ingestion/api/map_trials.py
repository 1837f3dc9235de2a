"""`/api/v1/workflows/{workflow}/map/...`: what a map would report, and what history proposes for one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Query, Router, Schema
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.maps import MAP_BODY, check_name, map_text, mistakes_shown, version_answer
from ingestion.api.params import moment
from ingestion.api.schemas import DryRunOut, MapOut, ProposalOut
from ingestion.auth import KeyAuth, key_of
from ingestion.problems import Problem
from monitor.detection.maps import parse_map
from monitor.queries import dry_run as dry_runs
from monitor.queries import learned_maps as proposals
from monitor.services import learned_maps
from monitor.services.actor import Actor

BUSY_SECONDS = 5

router = Router(tags=["workflows"])
_one_at_a_time = Lock()


class Wanted(Schema):
    """Which of the workflow's runs are judged."""

    since: str | None = Field(None, description="RFC 3339: seen then or later, by the senders' clocks")
    until: str | None = Field(None, description="RFC 3339: begun before, by the senders' clocks")
    limit_runs: int | None = Field(None, ge=1, description="the newest so many; never more than HISTORY_MAX_RUNS")


class Adoption(Schema):
    """What of a proposal is adopted."""

    digest: str = Field(max_length=100, description="`digest` of the proposal that was looked at")
    lines: list[str] | None = Field(None, description="`key`s of its lines; without it all of them")


@contextmanager
def _alone() -> Iterator[None]:
    """Judging history takes seconds and memory: one at a time in a process, so that events still come in."""
    if not _one_at_a_time.acquire(blocking=False):
        detail = f"Another dry run or proposal is at work: try again in {BUSY_SECONDS} seconds."
        raise Problem(429, detail, headers={"Retry-After": str(BUSY_SECONDS)})
    try:
        yield
    finally:
        _one_at_a_time.release()


@router.post(
    "/workflows/{path:workflow}/map/dry-run",
    auth=KeyAuth("read"),
    response={200: DryRunOut},
    openapi_extra=MAP_BODY,
    summary="What a map would report",
)
def dry_run(request: HttpRequest, workflow: str, wanted: Query[Wanted]) -> HttpResponse:
    """Judges stored events of the workflow by the map in the body, YAML or JSON. Nothing is stored.

    The newest runs are judged with their relatives, as far as the settings allow; `looked_at` says which,
    and what cut them off. Each list of anomalies shows at most 50, those of different rules in turn.
    """
    began = time.perf_counter()
    project = key_of(request).project
    check_name(workflow)
    since, until = moment("since", wanted.since), moment("until", wanted.until)
    with mistakes_shown():
        proposed = parse_map(map_text(request), workflow=workflow)
    with _alone():
        dry = dry_runs.dry_run(project, proposed, since=since, until=until, limit_runs=wanted.limit_runs)
    return answer({**dry_runs.as_json(dry), "seconds": _since(began)})


@router.get(
    "/workflows/{path:workflow}/map/proposal",
    auth=KeyAuth("read"),
    response={200: ProposalOut},
    summary="A map learned from clean runs",
)
def proposal(request: HttpRequest, workflow: str) -> HttpResponse:
    """What the newest runs without an anomaly show of the map, each line with what it rests on."""
    began = time.perf_counter()
    with _alone():
        proposed = proposals.propose(key_of(request).project, workflow)
    return answer({**proposals.as_json(proposed), "seconds": _since(began)})


@router.post(
    "/workflows/{path:workflow}/map/proposal/adopt",
    auth=KeyAuth("write"),
    response={200: MapOut},
    summary="Adopt a learned map",
)
def adopt(request: HttpRequest, workflow: str, adoption: Body[Adoption]) -> HttpResponse:
    """Adds the lines to the map in force, or makes a first map of them, and puts that in force.

    What the map declares already stays as it is. 409 where the proposal has changed since it was looked at.
    """
    key = key_of(request)
    check_name(workflow)
    try:
        with _alone(), mistakes_shown():
            version = learned_maps.adopt(
                project=key.project,
                workflow=workflow,
                digest=adoption.digest,
                keys=adoption.lines,
                by=Actor.of_key(key),
                now=timezone.now(),
            )
    except learned_maps.ProposalChanged as error:
        raise Problem(
            409, "The proposal is no longer the one with this digest: get it, and look again."
        ) from error
    except learned_maps.UnknownLines as error:
        errors: list[dict[str, Any]] = [
            {"field": "lines", "error": "no such line", "key": one} for one in error.keys
        ]
        raise Problem(422, "Not understood: lines. Send `key`s of the proposal's lines.", errors=errors) from error
    return version_answer(workflow, version)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 3)
