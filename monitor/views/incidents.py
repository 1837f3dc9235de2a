"""The list of incidents, one of them, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from monitor import access
from monitor.access import MemberRequest, incident_or_404, people_of, project_for
from monitor.detection.catalogue import rule_by_id
from monitor.detection.rule import Rule
from monitor.htmx import nothing_new, render_page, unchanged, version_of
from monitor.models import Incident
from monitor.queries import incident_page as one
from monitor.queries.incident_list import incident_list
from monitor.queries.terms import parse
from monitor.services import incidents as service
from monitor.services.actor import Actor

DEFAULT_QUERY = "is:active"
VIEWS = (
    ("Active", "is:active"),
    ("Mine", "who:me"),
    ("Mitigated", "is:mitigated"),
    ("Resolved", "is:resolved"),
    ("Known", "is:known"),
    ("All", ""),
)
ACTS: dict[str, tuple[str, Callable[..., Incident]]] = {
    "acknowledge": ("Acknowledged {}: you have it.", service.acknowledge),
    "mitigate": ("Marked {} mitigated.", service.mitigate),
    "reopen": ("Reopened {}.", service.reopen),
    "mark-known": ("Marked {} as known: it goes on collecting runs without an alert.", service.mark_known),
    "mark-false-positive": ("Marked {} as a false positive.", service.mark_false_positive),
    "note": ("Noted on {}.", service.add_note),
}


@require_safe
@access.viewer
def incidents(request: MemberRequest) -> HttpResponse:
    """What the query in the address finds, newest first."""
    now = timezone.now()
    query = parse(request.GET.get("q", DEFAULT_QUERY))
    cursor = request.GET.get("cursor", "")
    found = incident_list(project_for(request), query, me=request.user, cursor=cursor, now=now)
    context = {
        "query": query,
        "found": found,
        "views": VIEWS,
        "first_page": not cursor,
        "here": urlencode({"q": query.text}),
        "now": now,
    }
    return render_page(
        request,
        "monitor/incidents/incidents.html",
        "monitor/incidents/_list.html",
        context,
        version=version_of(found),
    )


@require_safe
@access.viewer
def incident(request: MemberRequest, key: str) -> HttpResponse:
    """One incident, with the evidence of one affected run (`?run=`)."""
    now, project = timezone.now(), project_for(request)
    found = incident_or_404(request, key)
    run_id = request.GET.get("run", "")
    version = version_of(found.pk, run_id, one.stamp(found))
    if unchanged(request, version):
        return nothing_new()
    context = {
        "page": one.incident_page(project, found, run_id=run_id, now=now),
        "run_id": run_id,
        "rule": _rule(found),
        "people": people_of(project),
        "reopen_seconds": settings.REOPEN_WINDOW_SECONDS,
        "now": now,
    }
    return render_page(
        request,
        "monitor/incidents/incident.html",
        "monitor/incidents/_incident.html",
        context,
        version=version,
    )


@require_POST
@access.responder
def act(request: MemberRequest, key: str, action: str) -> HttpResponse:
    """Does one thing about an incident, says so, and leads back to where the person was."""
    found = incident_or_404(request, key)
    try:
        said = _do(request, found, action)
    except service.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if back and here else reverse("incident", args=[found.key]))


def _do(request: MemberRequest, found: Incident, action: str) -> str:
    by, now, note = Actor.of_user(request.user), timezone.now(), request.POST.get("note", "")[:10_000]
    if action == "resolve":
        service.resolve(incident=found, by=by, now=now, reason=note)
        return f"Resolved {found.key}."
    if action == "assign":
        return _assign(request, found, by)
    if action not in ACTS:
        raise Http404
    said, do = ACTS[action]
    do(incident=found, by=by, now=now, note=note)
    return said.format(found.key)


def _assign(request: MemberRequest, found: Incident, by: Actor) -> str:
    chosen = request.POST.get("user", "")
    if not chosen:
        service.assign(incident=found, user=None, by=by, now=timezone.now())
        return f"Nobody has {found.key} now."
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 12):
        raise Http404
    person = access.member_or_404(request, int(chosen))
    service.assign(incident=found, user=person, by=by, now=timezone.now())
    return f"{person.get_full_name() or person.get_username()} has {found.key} now."


def _rule(found: Incident) -> Rule | None:
    try:
        return rule_by_id(found.rule)
    except KeyError:
        return None
