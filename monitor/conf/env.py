"""The environment, read in one place: typed, with errors that name the variable and say what to do.

docs/settings.md lists every variable; a test holds it against `settings.py`. The value itself never
stands in an error: it may be a secret.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

_env = Env()
_PLACEHOLDER_HOST = "/DATABASE_URL is not set - see docs/settings.md"
_PLACEHOLDER_REDIS = "/REDIS_URL is not set - see docs/settings.md"


def text(name: str, default: str) -> str:
    """A string; an empty one counts as unset."""
    return _env.str(name, default) or default


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list; spaces around an item do not count."""
    return [word.strip() for word in _env.list(name, default) if word.strip()]


def flag(name: str, default: bool) -> bool:
    """A boolean: true or false, 1 or 0, yes or no, on or off."""
    return bool(_read(name, "true or false", _env.bool, default))


def integer(name: str, default: int, *, at_least: int = 0) -> int:
    """A whole number, not below `at_least`."""
    wanted = f"a whole number from {at_least}"
    value = int(_read(name, wanted, _env.int, default))
    if value < at_least:
        raise _refusal(name, wanted)
    return value


def seconds(name: str, default: float) -> float:
    """A positive number of seconds, fractions allowed."""
    wanted = "a number of seconds above 0"
    value = float(_read(name, wanted, _env.float, default))
    if not 0 < value < float("inf"):
        raise _refusal(name, wanted)
    return value


def database(name: str) -> dict[str, Any]:
    """Django's dictionary for a PostgreSQL URL.

    Without the variable it is one that fails on connecting, by an error that names the variable: what
    needs no database (checking files, collecting static files, type checks) runs without one.
    """
    default = dj_database_url.parse(f"postgresql:///crosstalk?host={quote(_PLACEHOLDER_HOST, safe='')}")
    wanted = "a URL such as postgresql://user:password@host:5432/name"
    parsed = _read(name, wanted, _env.dj_db_url, default)
    if not isinstance(parsed, Mapping) or parsed.get("ENGINE") != "django.db.backends.postgresql":
        raise _refusal(name, wanted)
    return dict(parsed)


def redis(name: str) -> str:
    """A Redis URL as redis-py reads it; without the variable one that fails on connecting."""
    value = text(name, f"unix://{quote(_PLACEHOLDER_REDIS)}")
    value = value.replace("redis+socket://", "unix://", 1)
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        raise _refusal(name, "redis://host:6379/0, rediss://... or unix:///path/to/socket")
    return value


def broker(redis_url: str) -> str:
    """The same Redis as Celery spells it."""
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


def site(name: str, default: str) -> str:
    """The origin that people and links use: scheme and host, with no slash at the end."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refusal(name, "an address such as https://crosstalk.example.org")
    return value


def reached_at(host: str) -> str:
    """Where this machine reaches a server that listens on `host`, as a URL names it."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - translates, binds nothing
    return f"[{address}]" if ":" in address else address


def choice(name: str, default: str, known: tuple[str, ...]) -> str:
    """One of the known words."""
    value = text(name, default)
    if value not in known:
        raise _refusal(name, "one of " + ", ".join(known))
    return value


def _read(name: str, wanted: str, reader: Callable[[str], Any], default: Any) -> Any:
    if not _env.str(name, ""):
        return default
    try:
        return reader(name)
    except (EnvError, ValueError):
        raise _refusal(name, wanted) from None


def _refusal(name: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"The environment variable {name} must be {wanted}. Correct it, or unset it to get the default "
        "(docs/settings.md says which)."
    )
