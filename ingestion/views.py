"""Probes: alive, ready, and figures for Prometheus."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ingestion import tally
from ingestion.auth import KeyAuth
from ingestion.figures import exposition
from ingestion.problems import Problem, respond, unavailable
from ingestion.readiness import readiness
from monitor.queries.wire import rfc3339


@never_cache
@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers; it asks nobody else, so that a database that is away restarts no web server."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    """200 where this process can take events and show pages, and 503 otherwise; how each part is, since when."""
    found = readiness(now=timezone.now())
    checks = {
        name: {"state": check.state, "detail": check.detail, "since": rfc3339(found.since[name])}
        for name, check in found.checks.items()
    }
    return JsonResponse({"status": found.status, "checks": checks}, status=200 if found.ready else 503)


@never_cache
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """The figures of the project whose read key asks, as Prometheus reads them.

    A key even on loopback: behind a proxy everybody comes from there.
    """
    try:
        project = KeyAuth("read")(request).project
        tally.write()
        text, media_type = exposition(project, accept=request.headers.get("Accept", ""), now=timezone.now())
    except Problem as problem:
        return respond(problem)
    except (DatabaseError, InterfaceError):
        return respond(unavailable("The database"))
    return HttpResponse(text, content_type=media_type)
