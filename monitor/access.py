"""Who may see and do what: a person and an id to an object, or 404; nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from monitor import log_ids
from monitor.models import ApiKey, Channel, Incident, Membership, Postmortem, Project, Run

P = ParamSpec("P")
SESSION_PROJECT = "project"
_RANK = {"viewer": 0, "responder": 1, "admin": 2}


class MemberRequest(HttpRequest):
    """A request of a person who belongs to the project that it is about."""

    user: User
    htmx: HtmxDetails
    membership: Membership
    projects: list[Project]
    roles: frozenset[str]
    """Theirs and every lesser one, so that a template asks `"responder" in request.roles`."""


MemberView = Callable[Concatenate[MemberRequest, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _members(least: str) -> Callable[[MemberView[P]], View[P]]:
    def gate(view: MemberView[P]) -> View[P]:
        @wraps(view)
        def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            mine = memberships_of(request.user)
            membership = _choose(request, mine)
            if membership is None:
                return render(request, "monitor/auth/no_project.html", status=403)
            member = cast(MemberRequest, request)
            member.membership = membership
            log_ids.add(project=str(membership.project.uuid), user=request.user.pk)
            member.projects = [each.project for each in mine]
            member.roles = frozenset(role for role, rank in _RANK.items() if rank <= _RANK[membership.role])
            if least not in member.roles:
                raise PermissionDenied(f"This needs the role {least}; yours is {membership.role}.")
            return view(member, *args, **kwargs)

        return gated

    return gate


def viewer(view: MemberView[P]) -> View[P]:
    """Lets members of the current project in; strangers see only their own projects, nobody signs in first."""
    return _members("viewer")(view)


def responder(view: MemberView[P]) -> View[P]:
    """Lets responders and admins in; a viewer gets 403."""
    return _members("responder")(view)


def admin(view: MemberView[P]) -> View[P]:
    """Lets admins in; everybody else of the project gets 403."""
    return _members("admin")(view)


def project_for(request: MemberRequest) -> Project:
    """The project that this request is about: one of the person's own, as they last chose it."""
    return request.membership.project


def memberships_of(user: User) -> list[Membership]:
    """Every project of a person, by name."""
    return list(Membership.objects.filter(user=user).select_related("project").order_by("project__name", "id"))


def incident_or_404(request: MemberRequest, key: str) -> Incident:
    """The incident that people call INC-142, of the current project; withdrawn ones are gone."""
    number = key.removeprefix("INC-")
    if not (key.startswith("INC-") and number.isascii() and number.isdigit() and len(number) < 10):
        raise Http404
    found = (
        Incident.objects.filter(project=project_for(request), number=int(number), withdrawn_at=None)
        .select_related("assignee")
        .first()
    )
    if found is None:
        raise Http404
    return found


def run_or_404(request: MemberRequest, run_id: str) -> Run:
    """The run that the orchestrator calls so, of the current project."""
    found = Run.objects.filter(project=project_for(request), run_id=run_id).first()
    if found is None:
        raise Http404
    return found


def postmortem_or_404(request: MemberRequest, uuid: UUID) -> Postmortem:
    """The postmortem with this id, of the current project."""
    found = Postmortem.objects.filter(project=project_for(request), uuid=uuid).select_related(
        "project", "created_by"
    )
    return get_object_or_404(found)


def api_key_or_404(request: MemberRequest, uuid: UUID) -> ApiKey:
    """The API key with this id, of the current project."""
    return get_object_or_404(ApiKey, project=project_for(request), uuid=uuid)


def channel_or_404(request: MemberRequest, uuid: UUID) -> Channel:
    """The receiver of alerts with this id, of the current project; a removed one is gone."""
    return get_object_or_404(Channel, project=project_for(request), uuid=uuid, enabled=True)


def member_or_404(request: MemberRequest, user_id: int) -> User:
    """A person of the current project, to assign something to."""
    found = Membership.objects.filter(project=project_for(request), user_id=user_id).select_related("user").first()
    if found is None:
        raise Http404
    return found.user


def people_of(project: Project) -> list[User]:
    """Everybody who may act in a project, by name."""
    found = Membership.objects.filter(project=project).exclude(role="viewer").select_related("user")
    return [membership.user for membership in found.order_by("user__username")]


def choose_project(request: MemberRequest, slug: str) -> None:
    """Makes another of the person's own projects the current one; a stranger's is 404."""
    chosen = Membership.objects.filter(user=request.user, project__slug=slug).first()
    if chosen is None:
        raise Http404
    request.session[SESSION_PROJECT] = chosen.project_id


def _choose(request: HttpRequest, mine: list[Membership]) -> Membership | None:
    """A link may name its project (`?project=slug`); otherwise the last one chosen, else the first."""
    named = request.GET.get("project")
    for membership in mine:
        if named and membership.project.slug == named:
            request.session[SESSION_PROJECT] = membership.project_id
            return membership
    if named:
        raise Http404
    last = request.session.get(SESSION_PROJECT)
    return next((each for each in mine if each.project_id == last), mine[0] if mine else None)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment must not swap the sign-in form into the page: the whole page goes there."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(reverse("sign-in"))
    return redirect_to_login(request.get_full_path() if request.method == "GET" else resolve_url("overview"))
