"""The quarter as one page: to read, to print, to hand on."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.queries import reports as query
from monitor.views.metrics import quarter_or_404


@require_safe
@access.viewer
def reports(request: MemberRequest) -> HttpResponse:
    """The quarters that have something to report."""
    now = timezone.now()
    context = {"lines": query.report_list(project_for(request), now=now), "now": now}
    return render(request, "monitor/reports/reports.html", context)


@require_safe
@access.viewer
def report(request: MemberRequest, quarter: str) -> HttpResponse:
    """One quarter."""
    project, now = project_for(request), timezone.now()
    found = query.report(project, quarter_or_404(quarter, project, now=now), now=now)
    return render(request, "monitor/reports/report.html", {"report": found, "project": project, "now": now})
