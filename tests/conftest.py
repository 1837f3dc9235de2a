"""The servers and settings under all tests.

With DATABASE_URL and REDIS_URL the tests use these servers; without, they bring their own up in
`.crosstalk-test`, before Django reads its settings, and take them down at the end. Sockets lead to this
machine alone (pyproject.toml).
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_servers = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option: the tests run from the sources unless they are told otherwise."""
    parser.addoption("--compiled", action="store_true", help="judge with the compiled core (make native)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Sets the environment and loads Django's settings; pytest-django goes on from there."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "monitor.conf.settings"
    os.environ.setdefault("SECRET_KEY", "for tests alone, never served")
    _choose_core(compiled=config.option.compiled)
    if not config.option.collectonly:
        _bring_servers()

    from django.conf import settings

    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Takes the servers down."""
    _servers.close()


def _choose_core(*, compiled: bool) -> None:
    from monitor.detection.compiled import state, use_sources

    if not compiled:
        use_sources()
    elif state() != "fresh":
        raise pytest.UsageError("There is no compiled core of these sources: run `make native` first.")


def _bring_servers() -> None:
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    from monitor.management.servers.embedded import servers
    from monitor.management.servers.home import Home
    from monitor.management.servers.problems import CannotStart, GaveUp

    try:
        home = Home.at(ROOT / ".crosstalk-test")
        os.environ.update(_servers.enter_context(servers(home)))
    except (CannotStart, GaveUp) as error:
        raise pytest.UsageError(str(error)) from error
