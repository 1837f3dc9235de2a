"""Projects, and the API keys that open them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db.models import Q

from monitor.models import ApiKey, Project


def token_digest(token: str) -> bytes:
    """What is stored of a key: its SHA-256. Keys are long and random, so no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def key_of_token(token: str, now: datetime) -> ApiKey | None:
    """The key that this token is, with its project, where it is neither revoked nor expired at `now`."""
    standing = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return ApiKey.objects.select_related("project").filter(standing, digest=token_digest(token)).first()


def by_slug(slug: str) -> Project | None:
    """The project with this slug."""
    return Project.objects.filter(slug=slug).first()
