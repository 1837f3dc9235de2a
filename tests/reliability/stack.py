"""The whole program as real processes, each of which can be killed and started again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from monitor.management.servers.home import Home
from monitor.management.servers.redis import Redis

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.05


def until(met: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Asks again and again until it is met; fails with `what` at the deadline."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"after {seconds:g} s: {what}"
        time.sleep(POLL_SECONDS)


@dataclass
class Process:
    """One program in a process group of its own."""

    name: str
    command: Sequence[str]
    env: dict[str, str]
    log: Path
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.command, env=self.env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """kill -9, the whole group at one instant."""
        assert self.child is not None
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(timeout=10)


@dataclass
class Stack:
    """Redis, web, worker and beat on the test database; `token` is a key with all scopes."""

    port: int
    token: str
    processes: dict[str, Process]
    redis: Redis = field(repr=False)

    def start(self, *names: str) -> None:
        for name in names or self.processes:
            self.processes[name].start()
            if name == "redis":
                until(self.redis.ready, seconds=20, what="Redis does not answer")
            if name == "web":
                until(self.is_ready, seconds=60, what="the web server does not answer")

    def kill(self, name: str) -> None:
        self.processes[name].kill()

    def mend(self) -> None:
        """Starts again what ended by itself, as the supervisor and a restart policy do."""
        for process in self.processes.values():
            if process.child is not None and process.child.poll() is not None:
                process.start()

    def is_ready(self) -> bool:
        return self.ask("GET", "/healthz")[0] == 200

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Status and JSON of one request; status 0 where nobody answered."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-ndjson"}
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            client.request(method, path, body=body, headers=headers)
            answer = client.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            client.close()
        kind = answer.getheader("Content-Type") or ""
        return answer.status, json.loads(text) if "json" in kind else text

    def settled(self) -> bool:
        """Whether everything accepted has been judged and told; what ended by itself is started again."""
        self.mend()
        status, pipeline = self.ask("GET", "/api/v1/status")
        return status == 200 and pipeline["pending_events"] == 0 and pipeline["pending_alerts"] == 0

    def everything(self, path: str) -> list[dict[str, Any]]:
        """All items of a list of the API."""
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            status, page = self.ask("GET", f"{path}?limit=200&cursor={cursor}")
            assert status == 200, page
            items += page["items"]
            cursor = page["next"]
        return items


@contextmanager
def stack(home_dir: Path, *, token: str) -> Iterator[Stack]:
    """A running stack for the length of a block; nothing of it is left afterwards."""
    redis = Redis(Home.at(home_dir))
    port = _free_port()
    env = {
        **os.environ,
        "DATABASE_URL": _test_database_url(),
        "REDIS_URL": redis.url,
        "SECRET_KEY": "for this test alone, and never served to anybody",
        "HOME_DIR": str(home_dir),
        "PORT": str(port),
        "SWEEP_SECONDS": "0.5",
        "SYNTHETIC_LEAK_SECONDS": "0",  # its alerts would come among those that are counted
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    python, celery = sys.executable, ("-m", "celery", "-A", "monitor.conf.celery")
    web = ("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws")
    commands: dict[str, Sequence[str]] = {
        "redis": redis.prepare().command,
        "web": (python, *web, "--workers", "1", "--blocking-threads", "2", "monitor.conf.wsgi:application"),
        "worker": (python, *celery, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip"),
        "beat": (python, *celery, "beat"),
    }
    one = Stack(
        port=port,
        token=token,
        redis=redis,
        processes={
            name: Process(name, command, env, home_dir / f"{name}.log") for name, command in commands.items()
        },
    )
    try:
        one.start()
        yield one
    finally:
        for process in one.processes.values():
            if process.child is not None and process.child.poll() is None:
                process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _test_database_url() -> str:
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
