"""The whole program with its own servers: it starts, keeps itself alive, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.conf.running import ROOT, Running, alive, environment, free_port, running

pytestmark = pytest.mark.faults
WORDS = {
    "postgres": ("postgres", "-D"),
    "redis": ("redis-server",),
    "web": ("granian",),
    "worker": ("celery", " worker "),
    "beat": ("celery", " beat "),
}


def start(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    """A start that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env=environment(home, port),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_ready(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        return answer.status == 200


def test_it_serves_restarts_what_dies_and_stops_within_five_seconds(tmp_path: Path) -> None:
    home, port = tmp_path / "a home with spaces", free_port()
    with running(home, port) as one:
        assert one.await_line("First login: admin")
        assert is_ready(port)
        for words in WORDS.values():
            one.child(*words)

        second = start(home, free_port())
        assert second.returncode == 2
        assert "already running" in second.stderr
        assert str(one.process.pid) in second.stderr
        taken = start(tmp_path / "another home", port)
        assert taken.returncode == 2
        assert f"Port {port}" in taken.stderr
        assert not (tmp_path / "another home" / "postgres").exists(), "nothing is started before the port is free"

        for name in ("beat", "worker", "web", "redis", "postgres"):
            before = one.child(*WORDS[name])
            before.kill()
            one.await_line(f"{name} ended (killed by signal 9) and is started again")
            await_new_child(one, name, before)
        await_ready(port)

        everything = one.children()
        seconds = one.send(signal.SIGINT)
        assert one.process.returncode == 0
        assert seconds < 5
        assert alive(everything) == []


def test_what_a_killed_supervisor_left_is_replaced_and_its_data_kept(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running(home, port) as one:
        one.await_line("First login")
        orphans = one.children()
        one.send(signal.SIGKILL)
        with running(home, port) as other:
            assert is_ready(port)
            assert not any("First login" in line for line in other.printed), "the user of the first start is there"
            gone, _ = psutil.wait_procs(orphans, timeout=5)
            assert alive(orphans) == [], gone
            everything = other.children()
            assert other.send(signal.SIGTERM) < 5
            assert alive(everything) == []


def await_new_child(one: Running, name: str, before: psutil.Process) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if one.child(*WORDS[name]) != before:
                return
        except AssertionError:
            time.sleep(0.05)
    raise AssertionError(f"{name} was not started again")


def await_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if is_ready(port):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("never ready again")
