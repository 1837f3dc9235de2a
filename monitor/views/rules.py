"""What each rule finds, why it matters, how to fix it, and whether it can look here at all."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.detection.catalogue import rule_by_id
from monitor.queries import rule_failures
from monitor.queries import rules as query
from monitor.queries.blind import needs_map, unheard_rules


@require_safe
@access.viewer
def rules(request: MemberRequest) -> HttpResponse:
    """Every rule in force, with what it has found here, where it cannot look, and whether it fails."""
    project, now = project_for(request), timezone.now()
    unheard = unheard_rules(project, since=now - timedelta(days=query.DAYS))
    context = {"rows": query.rows(project, unheard), "ran": unheard.ran, "days": query.DAYS, "now": now}
    return render(request, "monitor/rules/rules.html", context)


@require_safe
@access.viewer
def rule(request: MemberRequest, rule_id: str) -> HttpResponse:
    """One rule: what it says of itself, what it has found here, and which workflows it could not judge."""
    try:
        found = rule_by_id(rule_id)
    except KeyError as error:
        raise Http404 from error
    project, now = project_for(request), timezone.now()
    unheard = unheard_rules(project, since=now - timedelta(days=query.DAYS))
    context = {
        "rule": found,
        "needs_map": needs_map(found),
        "on_condition": query.is_on_condition(found),
        "here": query.found_by(project, rule_id, now=now),
        "failed": rule_failures.failing_rule(project, rule_id),
        "failed_runs": rule_failures.latest_failures(project, rule=rule_id),
        "ran": unheard.ran,
        "silent": unheard.silent[rule_id],
        "days": query.DAYS,
        "now": now,
    }
    return render(request, "monitor/rules/rule.html", context)
