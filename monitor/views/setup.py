"""From nothing to the first event and the first alert: keys, what to paste, receivers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from monitor import access
from monitor.access import MemberRequest, project_for
from monitor.htmx import wants_fragment
from monitor.models import ApiKey, Channel
from monitor.queries import setup as query
from monitor.queries import snippets
from monitor.services import keys, notify
from monitor.services.actor import Actor

SCOPES = (
    ("ingest", "ingest", "send events"),
    ("read", "read", "read anomalies, incidents and runs"),
    ("write", "write", "acknowledge and resolve, send context maps"),
)


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(max_length=200, error_messages={"required": "Say what the key is for."})
    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices, error_messages={"required": "A key needs at least one scope."}
    )


class WebhookForm(forms.Form):
    """A new receiver."""

    name = forms.CharField(max_length=200, error_messages={"required": "Give the receiver a name."})
    url = forms.CharField(max_length=2000, error_messages={"required": "Give its address."})


@require_safe
@access.viewer
def setup(request: MemberRequest) -> HttpResponse:
    """The page."""
    return _page(request)


@require_POST
@access.admin
def create_key(request: MemberRequest) -> HttpResponse:
    """A new key, shown in this answer and never again."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, key_form=form, status=422)
    now = timezone.now()
    key, token = keys.create_key(
        project=project_for(request),
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        by=Actor.of_user(request.user),
        now=now,
    )
    return _page(request, created_key=key, token=token, since=now)


@require_POST
@access.admin
def revoke_key(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Ends a key at once."""
    key = access.api_key_or_404(request, uuid)
    keys.revoke_key(key=key, by=Actor.of_user(request.user), now=timezone.now())
    messages.success(request, f"Revoked: whoever still sends with {key.name} is refused from now on.")
    return redirect("setup")


@require_safe
@access.viewer
def waiting(request: MemberRequest) -> HttpResponse:
    """The fragment that turns by itself when the first event comes; 204 until then."""
    if not wants_fragment(request):
        return redirect("setup")
    since = _moment(request.GET.get("since", ""))
    project = project_for(request)
    arrival = query.first_since(project, since) if since else query.latest(project)
    if arrival is None:
        response = HttpResponse(status=204)
    else:
        context = {"arrival": arrival, "fresh": True, "now": timezone.now()}
        response = render(request, "monitor/setup/_waiting.html", context)
    return _uncached(response)


@require_POST
@access.admin
def create_webhook(request: MemberRequest) -> HttpResponse:
    """A new receiver; its signing secret is shown in this answer and never again."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            channel = notify.create_webhook(
                project=project_for(request),
                name=form.cleaned_data["name"],
                url=form.cleaned_data["url"],
                by=Actor.of_user(request.user),
                now=timezone.now(),
            )
        except notify.InvalidChannel as refusal:
            form.add_error("url", str(refusal))
        else:
            return _page(request, created_channel=channel)
    return _page(request, webhook_form=form, status=422)


@require_safe
@access.viewer
def webhook(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """The fragment of one receiver, which asks again while an answer is awaited."""
    channel = access.channel_or_404(request, uuid)
    return _receiver(request, channel) if wants_fragment(request) else redirect("setup")


@require_POST
@access.admin
def test_webhook(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Sends a real message; the receiver's line shows how it went."""
    channel = access.channel_or_404(request, uuid)
    notify.send_test(channel=channel, by=Actor.of_user(request.user), now=timezone.now())
    if wants_fragment(request):
        return _receiver(request, channel)
    messages.success(request, f"A test is on its way to {channel.name}: its line below shows how it went.")
    return redirect("setup")


@require_POST
@access.admin
def remove_webhook(request: MemberRequest, uuid: UUID) -> HttpResponse:
    """Ends a receiver; what waited for it is given up."""
    channel = access.channel_or_404(request, uuid)
    notify.remove_webhook(channel=channel, by=Actor.of_user(request.user), now=timezone.now())
    messages.success(request, f"Removed: {channel.name} is told of nothing any more.")
    return redirect("setup")


def _page(
    request: MemberRequest,
    *,
    key_form: KeyForm | None = None,
    webhook_form: WebhookForm | None = None,
    created_key: ApiKey | None = None,
    created_channel: Channel | None = None,
    token: str = "",
    since: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    found = query.setup(project_for(request))
    base_url = request.build_absolute_uri("/").rstrip("/")
    sending = token if created_key and ApiKey.Scope.INGEST in created_key.scopes else ""
    context: dict[str, Any] = {
        "setup": found,
        "scopes": SCOPES,
        "key_form": key_form or KeyForm(initial={"scopes": ["ingest"]}),
        "webhook_form": webhook_form or WebhookForm(),
        "created_key": created_key,
        "created_channel": created_channel,
        "token": token,
        "filled_in": bool(sending),
        "since": since.isoformat() if since else "",
        "arrival": None if since else found.latest,
        "curl": snippets.curl(base_url, sending),
        "python": snippets.python(base_url, sending),
        "now": timezone.now(),
    }
    return _uncached(render(request, "monitor/setup/setup.html", context, status=status))


def _receiver(request: MemberRequest, channel: Channel) -> HttpResponse:
    context = {"receiver": query.receiver(channel), "now": timezone.now()}
    return _uncached(render(request, "monitor/setup/_receiver.html", context))


def _uncached(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request"])
    response.headers["Cache-Control"] = "no-store"
    return response


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
