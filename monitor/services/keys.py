"""API keys: made, shown once, and revoked."""

from __future__ import annotations

import logging
import string
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.crypto import get_random_string

from monitor.models import ApiKey, Project
from monitor.queries.projects import token_digest
from monitor.services.actor import Actor

logger = logging.getLogger(__name__)

TOKEN_PREFIX = "ct_"  # noqa: S105 - the part that is the same in every key
USE_NOTED_EVERY = timedelta(minutes=1)
_RANDOM_CHARS = 40
_SHOWN_CHARS = 10


def create_key(
    *,
    project: Project,
    name: str,
    scopes: Collection[str],
    by: Actor,
    now: datetime,
    expires_at: datetime | None = None,
    token: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is known only now: the database keeps its digest.

    The token is `ct_` and 40 random letters and digits (238 bits), unless one is given, whatever
    it looks like; `prefix` never shows more than a third of it. Raises ValueError for no scope, an
    unknown one, or an empty token.
    """
    known = [scope for scope in ApiKey.Scope.values if scope in scopes]
    if not known or len(known) != len(set(scopes)):
        raise ValueError(f"a key has one or more of the scopes {', '.join(ApiKey.Scope.values)}")
    if token is None:
        token = TOKEN_PREFIX + get_random_string(_RANDOM_CHARS, string.ascii_letters + string.digits)
    if not token.strip():
        raise ValueError("a key needs a token")
    key = ApiKey.objects.create(
        project=project,
        name=name,
        prefix=token[: min(_SHOWN_CHARS, len(token) // 3)],
        digest=token_digest(token),
        scopes=known,
        created_at=now,
        created_by=by.user,
        expires_at=expires_at,
    )
    return key, token


def revoke_key(*, key: ApiKey, by: Actor, now: datetime) -> None:
    """Ends a key at once; one that had ended keeps the time of its end."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        logger.info("an API key was revoked", extra={"api_key": str(key.uuid), "by": by.label})
    key.refresh_from_db(fields=["revoked_at"])


def note_use(*, key: ApiKey, now: datetime) -> None:
    """Remembers that a key was used, by one write a minute at most."""
    stale = now - USE_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > stale:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=stale)
    ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
