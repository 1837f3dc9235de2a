"""A whole Crosstalk in a process of its own, as `make up` runs it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_PASSED_ON = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "HOME_DIR", "PORT")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    """The environment of a fresh machine: none of the test run's own servers."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    small = {"WEB_PROCESSES": "1", "WORKER_PROCESSES": "1"}
    return {**kept, **small, "HOME_DIR": str(home), "PORT": str(port), **more}


class Running:
    """`manage.py serve` and what it printed."""

    def __init__(self, home: Path, port: int, command: str = "serve", **more: str) -> None:
        self.home, self.port = home, port
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), command],
            env=environment(home, port, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_line(self, text: str, seconds: float = 60) -> str:
        """The next line that contains the text."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError(f"never printed {text!r}, but: {self.printed}") from None
            if line is None:
                raise AssertionError(f"ended without printing {text!r}, but: {self.printed}")
            if text in line:
                return line

    def children(self) -> list[psutil.Process]:
        """Every process below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, *words: str) -> psutil.Process:
        """The direct child whose command line has all these words."""
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if all(word in " ".join(process.cmdline()) for word in words):
                    return process
        raise AssertionError(f"no child with {words}")

    def send(self, number: signal.Signals) -> float:
        """Sends a signal and returns after how many seconds the supervisor was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line.rstrip())
            self._lines.put(line.rstrip())
        self._lines.put(None)


@contextlib.contextmanager
def running(home: Path, port: int, **more: str) -> Iterator[Running]:
    """Serving for the length of the block, and nothing left of it afterwards."""
    one = Running(home, port, **more)
    try:
        one.await_line("Crosstalk serves on")
        yield one
    finally:
        below = one.children() if one.process.poll() is None else []
        one.close()
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(below, timeout=10)


def alive(processes: list[psutil.Process]) -> list[str]:
    """Those that still run, by command line; one that only waits for its parent does not."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found
