"""What Django says at the start about a server that would run, but not well."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's own name

from monitor.detection import compiled

CORE = "core"
"""The tag of what is asked at each start (`manage.py prepare`), before anything is served."""
_HERE = ("localhost", "127.0.0.1", "::1")


@register(Tags.security, deploy=True)
def served_over_https(**_: Any) -> list[CheckMessage]:
    """A site that others reach should be reached over https: contexts are people's data."""
    site = urlsplit(settings.BASE_URL)
    if site.scheme == "https" or site.hostname in _HERE:
        return []
    return [
        Warning(
            "BASE_URL is not https, so passwords, keys and contexts travel in the clear.",
            hint="Put a proxy with a certificate in front, and set BASE_URL and BEHIND_TLS_PROXY.",
            id="crosstalk.W001",
        )
    ]


@register(Tags.database)
def database_is_postgresql(**_: Any) -> list[CheckMessage]:
    """Judging claims its work with SKIP LOCKED and partial indexes, as PostgreSQL does them."""
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        return []
    return [Error("DATABASE_URL must name a PostgreSQL database.", id="crosstalk.E001")]


@register(CORE)
def core_is_compiled_from_its_sources(**_: Any) -> list[CheckMessage]:
    """A compiled core that was made from other sources is not used: judging would be slower without a word."""
    if compiled.state() != "stale":
        return []
    return [
        Error(
            "The compiled detection core was made from other sources than these.",
            hint="Compile it again (make native), or remove it (make native-clean) and run from the sources.",
            id="crosstalk.E002",
        )
    ]
