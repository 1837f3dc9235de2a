"""Runs: the list, and one of them step by step."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for, run_or_404
from monitor.htmx import nothing_new, render_page, unchanged, version_of
from monitor.queries.run_list import RunFilter, run_list
from monitor.queries.run_page import run_page

FILTERS = ("run", "session", "workflow", "incident")


@require_safe
@access.viewer
def runs(request: MemberRequest) -> HttpResponse:
    """Judged runs, the latest first, narrowed by what stands in the address."""
    wanted = RunFilter(**{name: request.GET.get(name, "").strip()[:200] for name in FILTERS})
    cursor = request.GET.get("cursor", "")
    found = run_list(project_for(request), wanted, cursor=cursor)
    here = {name: getattr(wanted, name) for name in FILTERS if getattr(wanted, name)}
    context = {
        "wanted": wanted,
        "found": found,
        "first_page": not cursor,
        "here": urlencode(here),
        "now": timezone.now(),
    }
    return render_page(
        request, "monitor/runs/runs.html", "monitor/runs/_list.html", context, version=version_of(found)
    )


@require_safe
@access.viewer
def run(request: MemberRequest, run_id: str) -> HttpResponse:
    """One run, with one of its events in view (`?at=`), narrowed by a JSONPath (`?path=`)."""
    found = run_or_404(request, run_id)
    at, path = request.GET.get("at", ""), request.GET.get("path", "").strip()[:500]
    version = version_of(found.pk, found.judged_at, found.event_count, at, path)
    if unchanged(request, version):
        return nothing_new()
    context = {"page": run_page(project_for(request), found, at=at, path=path), "now": timezone.now()}
    return render_page(request, "monitor/runs/run.html", "monitor/runs/_run.html", context, version=version)
