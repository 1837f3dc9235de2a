"""Coming in, going out, and choosing what to look at."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.forms import SignInForm
from monitor.queries.heartbeat import heartbeat as heartbeat_of


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; a right name and password lead to where the person was going."""
    destination = _safe(request, request.POST.get("next") or request.GET.get("next") or "")
    if request.user.is_authenticated:
        return redirect(destination)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.check(request, now=timezone.now()) and form.user:
        login(request, form.user)
        return redirect(destination)
    status = 429 if form.throttled else 200
    return render(request, "monitor/auth/sign_in.html", {"form": form, "next": destination}, status=status)


@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The administration has no door of its own: guesses are counted at one place."""
    if request.user.is_authenticated:
        raise PermissionDenied("The administration is for the staff of this server.")
    return redirect_to_login(_safe(request, request.GET.get("next", "")))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("sign-in")


@require_POST
@access.viewer
def choose_project(request: MemberRequest) -> HttpResponse:
    """Makes another of the person's projects the current one."""
    access.choose_project(request, request.POST.get("project", ""))
    messages.success(request, "You are looking at another project now.")
    return redirect("overview")


@require_safe
@access.viewer
def heartbeat(request: MemberRequest) -> HttpResponse:
    """The fragment that says whether Crosstalk can see; every page asks for it again."""
    now = timezone.now()
    context = {"beat": heartbeat_of(project_for(request), now=now), "now": now, "oob": True}
    return render(request, "components/_heartbeat.html", context)


def _safe(request: HttpRequest, url: str) -> str:
    """Where to go next, on this site alone."""
    here = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if url and here else "/"
