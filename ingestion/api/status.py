"""`GET /api/v1/status`: has everything sent been judged, and every alert delivered?"""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from ingestion.api.answers import answer
from ingestion.api.schemas import StatusOut
from ingestion.auth import KeyAuth, key_of
from ingestion.limits import refused_since
from monitor.queries import self_check
from monitor.queries import status as query

router = Router(tags=["status"])


@router.get("/status", auth=KeyAuth("read"), response={200: StatusOut}, summary="How far judging is")
def status(request: HttpRequest) -> HttpResponse:
    """`pending_events` and `pending_alerts` are 0 once everything accepted before is through."""
    project = key_of(request).project
    now = timezone.now()
    refused = refused_since(project, now - timedelta(hours=1))
    check = self_check.standing(now=now)
    itself = {"self_check": {"ok": check.ok, "problem": check.problem or None}}
    return answer({**query.as_json(query.pipeline(project, now=now)), "refused_events": refused, **itself})
