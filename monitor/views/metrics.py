"""How fast leaks are found and fixed, quarter by quarter."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.htmx import render_page
from monitor.metrics.periods import Period, Quarter
from monitor.models import Project
from monitor.queries.metrics import DIMENSIONS, as_json, groups
from monitor.queries.metrics_page import metrics_page
from monitor.queries.metrics_table import HEADER, table


@require_safe
@access.viewer
def metrics(request: MemberRequest) -> HttpResponse:
    """A quarter's figures, the trends up to it, and where its incidents were."""
    project, now = project_for(request), timezone.now()
    page = metrics_page(project, chosen_quarter(request, project, now=now), by=_by(request), now=now)
    context = {"page": page, "dimensions": tuple(DIMENSIONS), "now": now}
    return render_page(request, "monitor/metrics/metrics.html", "monitor/metrics/_where.html", context)


@require_safe
@access.viewer
def metrics_csv(request: MemberRequest) -> HttpResponse:
    """The breakdown of a quarter as a file for a spreadsheet, seconds as numbers, empty where n is 0."""
    project, now = project_for(request), timezone.now()
    period, by = _period(request, project, now=now), _by(request)
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([by, *HEADER])
    writer.writerows(table(project, period, by=by))
    name = f"crosstalk-{period.quarter.name}-by-{by}.csv"
    return HttpResponse(
        written.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_safe
@access.viewer
def metrics_json(request: MemberRequest) -> HttpResponse:
    """The breakdown of a quarter in the shape of the API's metrics."""
    project, now = project_for(request), timezone.now()
    period = _period(request, project, now=now)
    found = groups(project, since=period.since, until=period.until, by=_by(request))
    body = {"from": period.since, "to": period.until, "groups": [as_json(group) for group in found]}
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


def chosen_quarter(request: MemberRequest, project: Project, *, now: datetime) -> Quarter:
    """The quarter in the address, or the present one; 404 for anything else."""
    present = Quarter.of(now, ZoneInfo(project.time_zone))
    return quarter_or_404(request.GET.get("quarter") or present.name, project, now=now)


def quarter_or_404(name: str, project: Project, *, now: datetime) -> Quarter:
    """A quarter by its name, not before 2001 and begun by now."""
    present = Quarter.of(now, ZoneInfo(project.time_zone))
    try:
        quarter = Quarter(name)
    except ValueError as error:
        raise Http404(str(error)) from error
    if quarter.year < 2001 or quarter > present:
        raise Http404(f"{quarter.name} has no figures: the present quarter is {present.name}.")
    return quarter


def _period(request: MemberRequest, project: Project, *, now: datetime) -> Period:
    return Period.of(chosen_quarter(request, project, now=now), ZoneInfo(project.time_zone), now=now)


def _by(request: MemberRequest) -> str:
    by = request.GET.get("by") or "workflow"
    if by not in DIMENSIONS:
        raise Http404(f"Figures are broken down by {', '.join(DIMENSIONS)}.")
    return by
