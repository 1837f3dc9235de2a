"""What must be set before anything is served: none of these has a default in production."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NEEDED = {
    "SECRET_KEY": "a long random string, the same for every process and kept from everybody else",
    "DATABASE_URL": "a URL such as postgresql://user:password@host:5432/name",
    "REDIS_URL": "a URL such as redis://host:6379/0",
}


def demand_settings() -> None:
    """Raises ImproperlyConfigured with every missing variable and what to set it to."""
    if settings.DEBUG:
        return
    missing = [f"{name} to {what}" for name, what in _NEEDED.items() if not os.environ.get(name)]
    if missing:
        raise ImproperlyConfigured(
            "Not set: " + ", ".join(missing) + ". Set it in the environment (docs/settings.md), or use "
            "`make up`, which brings servers of its own and a key."
        )
