"""What was learned from incidents: the list, the document, the editor."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.htmx import wants_fragment
from monitor.models import Postmortem
from monitor.queries import postmortems as query
from monitor.queries.postmortem_sections import GROUPS, add_missing
from monitor.services import postmortems as service
from monitor.services.actor import Actor
from monitor.services.postmortem_draft import known_timeline
from monitor.views.postmortem_form import Editor

LISTS = {"": "All", "published": "Published", "draft": "Drafts"}


@require_safe
@access.viewer
def postmortems(request: MemberRequest) -> HttpResponse:
    """Published ones and drafts, newest first."""
    project, now = project_for(request), timezone.now()
    status = request.GET.get("status", "")
    status = status if status in LISTS else ""
    lines, following = query.listing(project, now=now, status=status, after=_uuid(request.GET.get("after", "")))
    context = {
        "lines": lines,
        "next": following,
        "status": status,
        "lists": LISTS,
        "candidate": query.candidate(project) if "responder" in request.roles else None,
        "now": now,
    }
    return render(request, "monitor/postmortems/postmortems.html", context)


@require_safe
@access.viewer
def postmortem(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """The document."""
    now = timezone.now()
    found = query.document(access.postmortem_or_404(request, uuid), now=now)
    context = {"document": found, "groups": GROUPS, "now": now}
    return render(request, "monitor/postmortems/postmortem.html", context)


@require_safe
@access.viewer
def markdown(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """The document as a file for a wiki or a repository."""
    found = query.document(access.postmortem_or_404(request, uuid), now=timezone.now())
    name = "-".join(["postmortem", *(incident.key for incident in found.incidents)])
    return HttpResponse(
        query.markdown(found),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.md"', "Cache-Control": "no-store"},
    )


@require_POST
@access.responder
def begin(request: MemberRequest, key: str) -> HttpResponse:
    """A new draft with what is known filled in, or the one there is."""
    incident = access.incident_or_404(request, key)
    begun = service.begin(incident=incident, by=Actor.of_user(request.user), now=timezone.now())
    if begun.status == Postmortem.Status.PUBLISHED:
        return redirect("postmortem", begun.uuid)
    return redirect("postmortem-edit", begun.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@access.responder
def edit(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """The editor; saving on top of somebody else's saving is refused, and the text stays on the page."""
    now = timezone.now()
    opened = access.postmortem_or_404(request, uuid)
    if request.method != "POST":
        found = query.document(opened, now=now)
        return _editor(request, opened, Editor.of(found), now=now)
    editor, do = Editor.posted(request.POST), request.POST.get("do", "save")
    if do == "add":
        editor.add_row()
        return _editor(request, opened, editor, now=now, focus=max(editor.actions))
    if do.startswith("remove-"):
        editor.remove_row(do.removeprefix("remove-"))
        return _editor(request, opened, editor, now=now)
    if do == "timeline":
        data = request.POST.copy()
        data["timeline"] = add_missing(data.get("timeline", ""), known_timeline(opened))
        return _editor(request, opened, Editor.posted(data), now=now)
    return _save(request, opened, editor, now=now)


@require_POST
@access.responder
def publish(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Published once it is whole; what is missing is said."""
    opened = access.postmortem_or_404(request, uuid)
    try:
        service.publish(postmortem=opened, by=Actor.of_user(request.user), now=timezone.now())
    except service.Incomplete as refusal:
        messages.error(request, f"Not published. {refusal}")
    else:
        messages.success(request, "Published: everybody in the project can read it.")
    return redirect("postmortem", uuid)


def _save(request: MemberRequest, opened: Postmortem, editor: Editor, *, now: datetime) -> HttpResponse:
    if not editor.is_valid():
        problem = "Not saved: something below needs another look. Your text is kept here."
        return _editor(request, opened, editor, now=now, problem=problem, status=422)
    try:
        saved = service.save(
            postmortem=opened,
            revision=editor.text.cleaned_data["revision"],
            text=editor.text.text(),
            actions=editor.lines(),
            by=Actor.of_user(request.user),
            now=now,
        )
    except service.Stale:
        return _editor(request, opened, editor, now=now, stale=True, status=409)
    except service.Incomplete as refusal:
        problem = f"Not saved: it is published and would lose what others rely on. {refusal}"
        return _editor(request, opened, editor, now=now, problem=problem, status=422)
    messages.success(request, "Saved.")
    return redirect("postmortem", saved.uuid)


def _editor(
    request: MemberRequest,
    opened: Postmortem,
    editor: Editor,
    *,
    now: datetime,
    stale: bool = False,
    problem: str = "",
    focus: int | None = None,
    status: int = 200,
) -> HttpResponse:
    present = query.document(opened, now=now)
    revision = opened.revision if stale else editor.text["revision"].value()
    context = {
        "document": present,
        "editor": editor,
        "fields": list(editor.fields(present if stale else None)),
        "revision": revision,
        "stale": stale,
        "problem": problem,
        "focus": focus,
        "people": access.people_of(project_for(request)),
        "groups": GROUPS,
        "now": now,
    }
    part = wants_fragment(request)
    template = "monitor/postmortems/_actions.html" if part else "monitor/postmortems/edit.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    response.headers["Cache-Control"] = "no-store"
    return response


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
