"""`GET /api/v1/anomalies`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.params import Paging, cursors_checked, moment
from ingestion.api.schemas import AnomalyList
from ingestion.auth import KeyAuth, key_of
from monitor.queries import anomalies

router = Router(tags=["anomalies"])


class Wanted(Paging):
    """What the list is narrowed to."""

    run_id: str | None = None
    workflow: str | None = None
    rule: str | None = None
    since: str | None = Field(None, description="RFC 3339: detected then or later, by the server's clock")


@router.get(
    "/anomalies",
    auth=KeyAuth("read"),
    response={200: AnomalyList},
    by_alias=True,
    summary="Anomalies, newest first",
)
def anomaly_list(request: HttpRequest, wanted: Query[Wanted]) -> HttpResponse:
    """The latest detected first. Withdrawn ones never show."""
    with cursors_checked():
        page = anomalies.page(
            key_of(request).project,
            run_id=wanted.run_id,
            workflow=wanted.workflow,
            rule=wanted.rule,
            since=moment("since", wanted.since),
            cursor=wanted.cursor,
            limit=wanted.limit,
        )
    return answer(page.as_json(anomalies.as_json))
