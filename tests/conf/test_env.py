"""What the environment gives: types, defaults, and errors that name the variable and never its value."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured

from monitor.conf import env
from tests.conf.running import NOT_PASSED_ON, ROOT

CASES: list[tuple[Callable[[], object], str, object]] = [
    (lambda: env.text("X", "default"), "given", "given"),
    (lambda: env.text("X", "default"), "", "default"),
    (lambda: env.words("X", []), "a, b,,c ", ["a", "b", "c"]),
    (lambda: env.flag("X", False), "yes", True),
    (lambda: env.flag("X", True), "0", False),
    (lambda: env.integer("X", 1), "12", 12),
    (lambda: env.integer("X", 7), "", 7),
    (lambda: env.seconds("X", 1.0), "0.5", 0.5),
    (lambda: env.site("X", "http://a"), "https://b.example/", "https://b.example"),
    (lambda: env.choice("X", "a", ("a", "b")), "b", "b"),
    (lambda: env.redis("X"), "redis+socket:///tmp/a.sock", "unix:///tmp/a.sock"),
    (lambda: env.redis("X"), "rediss://user:word@host:1/2", "rediss://user:word@host:1/2"),
    (lambda: env.database("X")["NAME"], "postgresql://user:word@host:5432/name", "name"),
]
REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: env.flag("X", False), "perhaps"),
    (lambda: env.integer("X", 1), "many"),
    (lambda: env.integer("X", 1, at_least=1), "0"),
    (lambda: env.seconds("X", 1.0), "-1"),
    (lambda: env.seconds("X", 1.0), "nan"),
    (lambda: env.site("X", "http://a"), "nowhere.example"),
    (lambda: env.choice("X", "a", ("a", "b")), "c-not-known"),
    (lambda: env.redis("X"), "amqp://user:secret@host"),
    (lambda: env.database("X"), "mysql://user:secret@host/name"),
    (lambda: env.database("X"), "nonsense-secret"),
]


@pytest.mark.parametrize(("read", "value", "wanted"), CASES)
def test_values_are_typed(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], value: str, wanted: object
) -> None:
    monkeypatch.setenv("X", value)
    assert read() == wanted


@pytest.mark.parametrize(("read", "value"), REFUSED)
def test_an_error_names_the_variable_says_what_to_do_and_keeps_the_value(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], value: str
) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match=r"X must be .*docs/settings\.md") as caught:
        read()
    assert value not in str(caught.value)


def manage(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    return subprocess.run(
        [sys.executable, *arguments], env={**kept, **more}, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_without_servers_and_key_the_commands_that_need_none_work() -> None:
    assert manage("manage.py", "makemigrations", "--check", "--dry-run").returncode == 0


def test_without_database_url_connecting_fails_by_its_name() -> None:
    result = manage("manage.py", "showmigrations")
    assert result.returncode != 0
    assert "DATABASE_URL is not set" in result.stderr


def test_nothing_is_served_without_key_database_and_redis() -> None:
    result = manage("-c", "import monitor.conf.wsgi")
    assert result.returncode != 0
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        assert f"{name} to " in result.stderr
