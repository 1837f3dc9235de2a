"""What the demo plays in: a project, a login, an API key and a webhook to its own receiver."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User

from monitor.models import ApiKey, Channel, Membership, Project
from monitor.queries.projects import token_digest
from monitor.services.actor import SYSTEM
from monitor.services.keys import create_key, revoke_key
from monitor.services.notify import create_webhook, remove_webhook
from monitor.services.projects import add_member, create_project

PROJECT, SLUG, LOGIN = "Demo", "demo", "demo"
KEY_NAME = "demo recordings"
CHANNEL_NAME = "demo receiver"


@dataclass(frozen=True, slots=True)
class Setting:
    """The demo's access, in clear: for the terminal of the person who started it."""

    login: str
    password: str
    key: str


def set_up(*, receiver_url: str, receiver_secret: str, now: datetime) -> Setting:
    """Makes what is missing, and replaces what the last play left: its key and its receiver's address."""
    project = Project.objects.filter(slug=SLUG).first() or create_project(
        name=PROJECT, slug=SLUG, by=SYSTEM, now=now
    )
    password = settings.DEMO_PASSWORD or secrets.token_urlsafe(9)
    user, _ = User.objects.get_or_create(username=LOGIN, defaults={"email": "demo@example.com"})
    user.set_password(password)
    user.save()
    add_member(project=project, user=user, role=Membership.Role.ADMIN, now=now)
    for channel in Channel.objects.filter(project=project, name=CHANNEL_NAME, enabled=True):
        remove_webhook(channel=channel, by=SYSTEM, now=now)
    create_webhook(
        project=project, name=CHANNEL_NAME, url=receiver_url, secret=receiver_secret, by=SYSTEM, now=now
    )
    return Setting(login=LOGIN, password=password, key=_key(project, now))


def _key(project: Project, now: datetime) -> str:
    token = settings.DEMO_API_KEY
    if token and ApiKey.objects.filter(project=project, digest=token_digest(token), revoked_at=None).exists():
        return token
    for key in ApiKey.objects.filter(project=project, name=KEY_NAME, revoked_at=None):
        revoke_key(key=key, by=SYSTEM, now=now)
    _, made = create_key(
        project=project, name=KEY_NAME, scopes=ApiKey.Scope.values, by=SYSTEM, now=now, token=token or None
    )
    return made
