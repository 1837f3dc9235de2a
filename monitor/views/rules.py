"""What each rule finds, why it matters, and how to fix it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.detection.catalogue import CATALOGUE, rule_by_id
from monitor.queries import rules as query


@require_safe
@access.viewer
def rules(request: MemberRequest) -> HttpResponse:
    """Every rule in force, with what it has found here."""
    counts = query.counts(project_for(request))
    rows = [(rule, counts.get(rule.id)) for rule in CATALOGUE]
    return render(request, "monitor/rules/rules.html", {"rows": rows, "now": timezone.now()})


@require_safe
@access.viewer
def rule(request: MemberRequest, rule_id: str) -> HttpResponse:
    """One rule, and its latest incidents here."""
    try:
        found = rule_by_id(rule_id)
    except KeyError as error:
        raise Http404 from error
    latest = query.latest(project_for(request), rule_id)
    return render(request, "monitor/rules/rule.html", {"rule": found, "latest": latest, "now": timezone.now()})
