"""A real chromium before the whole running program; each test has a project of its own.

Loaded before Django has its settings where pytest is given this folder: models are imported in fixtures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.guard import Guard
from tests.reliability.stack import ROOT, Stack, stack

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tests.browser.shop import Shop

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 20_000
Opens = Callable[..., Page]


@pytest.fixture(scope="package")
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of the browser tests' own: what they write stays until the end, and no other test sees it."""
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        yield
        connection.creation.destroy_test_db(name, verbosity=0)


@pytest.fixture(scope="package")
def running(database: None, static_files: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web, worker, beat and Redis, on this database."""
    with stack(tmp_path_factory.mktemp("browser"), token="") as one:
        yield one


@pytest.fixture(scope="package")
def static_files() -> None:
    """Collected under hashed names before the web server looks for them, as `manage.py prepare` does."""
    command = [sys.executable, str(ROOT / "manage.py"), "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, check=True, cwd=ROOT)


@pytest.fixture(scope="package")
def chromium(running: Stack) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, f"None of {', '.join(CHROMIUM)} is here: install one, or leave these out by -m 'not browser'."
    expect.set_options(timeout=WAIT_MS)
    # Playwright's event loop runs in this thread, beside the tests' own queries; nothing here is concurrent.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
            yield browser
            browser.close()
            connections.close_all()  # those of the event loop: they would keep the database from being dropped
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def shop(running: Stack) -> Shop:
    from tests.browser.shop import Shop

    return Shop.of(running)


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def opens(chromium: Browser, guard: Guard) -> Iterator[Opens]:
    """Makes a page in a browser of its own: `opens(shop, user)`; fails the test on any complaint of it."""
    contexts: list[BrowserContext] = []

    def open_page(shop: Shop, user: User | None = None, **options: Any) -> Page:
        contexts.append(new_context(chromium, guard, shop, user, **options))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not guard.complaints


def new_context(browser: Browser, guard: Guard, shop: Shop, user: User | None, **options: Any) -> BrowserContext:
    """A browser with nothing in it but the session of `user`."""
    context = browser.new_context(base_url=shop.url, **options)
    context.set_default_timeout(WAIT_MS)
    guard.watch(context)
    if user is not None:
        context.add_cookies([shop.session_of(user)])
    return context
