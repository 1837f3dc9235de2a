"""What is wrong right now, worst first; below it, whether we can see at all."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.htmx import render_page, version_of, wants_fragment
from monitor.queries.overview import overview as overview_of
from monitor.queries.overview_below import below as below_of


@require_safe
@access.viewer
def overview(request: MemberRequest) -> HttpResponse:
    """The whole page; as a fragment only its first screen, which is asked for every few seconds."""
    now, project = timezone.now(), project_for(request)
    seen = overview_of(project, now=now)
    context = {"overview": seen, "now": now}
    if not wants_fragment(request):
        context["below"] = below_of(project, now=now)
    return render_page(
        request,
        "monitor/overview/overview.html",
        "monitor/overview/_open.html",
        context,
        version=version_of(seen),
    )


@require_safe
@access.viewer
def below(request: MemberRequest) -> HttpResponse:
    """The lower half alone: costlier to count, so asked for less often."""
    now = timezone.now()
    found = below_of(project_for(request), now=now)
    return render_page(
        request,
        "monitor/overview/below.html",
        "monitor/overview/_below.html",
        {"below": found, "now": now},
        version=version_of(found),
    )
