"""A whole Crosstalk of its own for a measurement: fresh data in a temporary folder, a free port, one key."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from monitor.management.servers.plan import plan_of_settings
from monitor.management.servers.stack import Stack, running

KEY = "ct_benchmark_key_0123456789abcdefghijklmnop"


@dataclass(frozen=True, slots=True)
class System:
    """Where it listens, and the size it runs at."""

    port: int
    params: dict[str, Any]

    def processes(self) -> list[psutil.Process]:
        """The system's processes, its servers among them; their supervisor is the benchmark itself."""
        return psutil.Process().children(recursive=True)

    def connection(self) -> http.client.HTTPConnection:
        """A kept-alive connection for one thread."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None = None,
        **headers: str,
    ) -> dict[str, Any]:
        """One request with the key; raises RuntimeError for any answer but a good one."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Authorization": f"Bearer {KEY}", **named})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in {200, 202}:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return dict(json.loads(text))

    def settle(self, timeout_seconds: float = 600.0) -> float:
        """Waits until nothing is pending; returns the seconds that took."""
        began, connection = time.monotonic(), self.connection()
        while True:
            status = self.call(connection, "GET", "/api/v1/status")
            if status["pending_events"] == 0 and status["pending_alerts"] == 0:
                connection.close()
                return time.monotonic() - began
            if time.monotonic() - began > timeout_seconds:
                raise RuntimeError(f"not settled after {timeout_seconds:.0f} s: {status}")
            time.sleep(0.05)


@contextmanager
def system() -> Iterator[System]:
    """Up for the length of a block, with the default settings of `make up`."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="crosstalk-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.conf.settings")
        plan = replace(
            plan_of_settings({"DEMO_API_KEY": KEY}),
            home_dir=Path(folder),
            port=port,
            base_url=f"http://127.0.0.1:{port}",
        )
        with running(plan, lambda _: None, with_login=False) as stack:
            _make_key(stack)
            params = {
                "cores": os.cpu_count(),
                "web_processes": plan.web_processes,
                "web_threads": plan.web_threads,
                "worker_processes": plan.worker_processes,
            }
            yield System(port, params)


def _make_key(stack: Stack) -> None:
    code = stack.supervisor.run(stack.manage("make_key", "Benchmark"))
    if code != 0:
        raise RuntimeError(f"no key could be made; {stack.supervisor.log_of('make_key')}")
