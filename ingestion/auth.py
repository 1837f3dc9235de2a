"""Who is at the door: `Authorization: Bearer <key>`, and what the key may do."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from ingestion.problems import Problem
from monitor import log_ids
from monitor.models import ApiKey
from monitor.queries.projects import key_of_token
from monitor.services.keys import note_use

MAX_TOKEN_CHARS = 500


class KeyAuth(HttpBearer):
    """Lets a request in whose key has the scope; raises a 401 or 403 Problem otherwise.

    An unknown, a revoked and an expired key answer alike. Source: RFC 6750.
    """

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiKey:
        """The key of the request."""
        kind, _, token = request.headers.get(self.header, "").partition(" ")
        if kind.lower() != self.openapi_scheme or not token.strip():
            raise _unknown("Send your API key as `Authorization: Bearer <key>`.", challenge="Bearer")
        return self.authenticate(request, token.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:  # noqa: ARG002 - the base's signature
        """The key that the token is."""
        now = timezone.now()
        key = key_of_token(token, now) if len(token) <= MAX_TOKEN_CHARS else None
        if key is None:
            raise _unknown(
                "This API key is unknown, revoked or expired: create one on the Set up page.",
                challenge='Bearer error="invalid_token"',
            )
        if self.scope not in key.scopes:
            raise Problem(
                403,
                f'This API key has no "{self.scope}" scope: use one that has, or create one on the Set up page.',
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'},
            )
        note_use(key=key, now=now)
        log_ids.add(project=str(key.project.uuid), api_key=str(key.uuid))
        return key


def _unknown(detail: str, *, challenge: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})


def key_of(request: HttpRequest) -> ApiKey:
    """The key that opened this request."""
    key = getattr(request, "auth", None)
    if not isinstance(key, ApiKey):
        raise TypeError("the route has no key authentication")
    return key
