"""`GET /api/v1/metrics`: incident counts, MTTD, MTTA and MTTR."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.params import bound
from ingestion.api.schemas import MetricsOut
from ingestion.auth import KeyAuth, key_of
from ingestion.problems import Problem
from monitor.queries import metrics as query
from monitor.queries.wire import rfc3339

router = Router(tags=["metrics"])

_BOUND = "an RFC 3339 timestamp, or a day of the project's time zone"


class Wanted(Schema):
    """Which incidents, and how they are grouped."""

    since: str | None = Field(None, alias="from", description=f"{_BOUND}; included")
    until: str | None = Field(None, alias="to", description=f"{_BOUND}; a timestamp is excluded, a day included")
    by: str | None = Field(None, description=", ".join(query.DIMENSIONS))


@router.get(
    "/metrics",
    auth=KeyAuth("read"),
    response={200: MetricsOut},
    by_alias=True,
    summary="Incident counts, MTTD, MTTA, MTTR",
)
def metrics(request: HttpRequest, wanted: Query[Wanted]) -> HttpResponse:
    """The figures of the incidents detected in that time, by the server's clock."""
    project = key_of(request).project
    zone = ZoneInfo(project.time_zone)
    start, end = bound("from", wanted.since, zone), bound("to", wanted.until, zone, ends=True)
    try:
        groups = query.groups(project, since=start, until=end, by=wanted.by)
    except ValueError as error:
        raise Problem(422, str(error), errors=[{"field": "by", "error": str(error)}]) from error
    shown = [query.as_json(group) for group in groups]
    return answer({"from": rfc3339(start), "to": rfc3339(end), "groups": shown})
