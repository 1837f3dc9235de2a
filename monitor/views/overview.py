"""What is wrong right now, worst first."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.htmx import render_page, version_of
from monitor.queries import overview as query


@require_safe
@access.viewer
def overview(request: MemberRequest) -> HttpResponse:
    """Open incidents, the last hour, this quarter, the pipeline and the workflows."""
    now = timezone.now()
    seen = query.overview(project_for(request), now=now)
    return render_page(
        request,
        "monitor/overview/overview.html",
        "monitor/overview/_overview.html",
        {"overview": seen, "now": now},
        version=version_of(seen),
    )
