"""Keeps programs running: restarts what dies, stops everything when asked, leaves no process behind."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from monitor.management.servers.home import Home
from monitor.management.servers.problems import GaveUp, Stopped
from monitor.management.servers.process import Child, Program, start
from monitor.management.servers.signals import Signals

MOST_RESTARTS = 6
RESTARTS_WINDOW_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
READY_POLL_SECONDS = 0.03
APP_STOP_SECONDS = 1.6
SERVER_STOP_SECONDS = 1.5
HARD_STOP_SECONDS = 0.5


@dataclass(slots=True)
class Kept:
    """A program that is to run: its present child, and when it died lately (monotonic seconds)."""

    program: Program
    is_server: bool
    child: Child | None = None
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_RESTARTS))

    def died(self, at: float) -> bool:
        """Notes a death and plans the restart; False where it died too often to go on."""
        self.child = None
        self.deaths.append(at)
        lately = [death for death in self.deaths if at - death < RESTARTS_WINDOW_SECONDS]
        self.start_at = at + min(FIRST_PAUSE_SECONDS * 2 ** (len(lately) - 1), LONGEST_PAUSE_SECONDS)
        return len(lately) < MOST_RESTARTS


class Supervisor:
    """Runs in one thread; use it as a context: leaving it stops everything within 5 s.

    Every method that waits raises Stopped once SIGINT, SIGTERM or SIGHUP has come, and GaveUp when a
    program cannot be kept running.
    """

    def __init__(self, home: Home, say: Callable[[str], None]) -> None:
        self._home = home
        self._say = say
        self._kept: list[Kept] = []
        self._signals = Signals()

    def __enter__(self) -> Supervisor:
        self._signals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stop_everything()
        finally:
            self._signals.__exit__(kind, error, trace)

    def keep(self, program: Program, *, is_server: bool = False) -> None:
        """Starts a program and restarts it whenever it ends; servers are stopped after all others."""
        kept = Kept(program, is_server)
        self._kept.append(kept)
        self._start(kept)

    def until(self, ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
        """Waits until `ready` says yes, keeping everything running meanwhile."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if time.monotonic() > deadline:
                raise GaveUp(f"{what} did not become ready within {timeout_seconds:.0f} s; {self.log_of(what)}")
            self._turn(READY_POLL_SECONDS)

    def run(self, program: Program) -> int:
        """Runs one program to its end, keeping the others running; its exit code."""
        kept = Kept(program, is_server=False)
        self._kept.append(kept)
        self._start(kept)
        while kept.child is not None and (code := kept.child.returncode()) is None:
            self._turn(None, not_kept=kept)
        self._kept.remove(kept)
        if kept.child is not None:
            kept.child.end_group()
        return 1 if code is None else code

    def forever(self) -> None:
        """Keeps everything running until asked to stop: it ends by raising."""
        while True:
            self._turn(None)

    @contextmanager
    def unattended(self) -> Iterator[None]:
        """Gives the signals back to the caller for a block; what dies meanwhile stays dead."""
        self._signals.__exit__(None, None, None)
        try:
            yield
        finally:
            self._signals.__enter__()

    def log_of(self, name: str) -> str:
        """The end of a program's log and where the rest is."""
        file = self._home.log_dir / f"{name}.log"
        lines = file.read_text(errors="replace").splitlines()[-8:] if file.exists() else []
        return "\n".join([f"the end of {file}:", *lines])

    def _turn(self, seconds: float | None, not_kept: Kept | None = None) -> None:
        now = time.monotonic()
        for kept in self._kept:
            if kept is not not_kept:
                self._look_after(kept, now)
        pauses = [max(kept.start_at - now, 0) for kept in self._kept if kept.child is None]
        limits = [limit for limit in (seconds, *pauses) if limit is not None]
        self._signals.wait(min(limits) if limits else None)
        if self._signals.stop is not None:
            raise Stopped(self._signals.stop.name)

    def _look_after(self, kept: Kept, now: float) -> None:
        if kept.child is None:
            if now >= kept.start_at:
                self._start(kept)
            return
        code = kept.child.returncode()
        if code is None:
            return
        kept.child.end_group()
        name = kept.program.name
        if not kept.died(now):
            raise GaveUp(f"{name} ended {MOST_RESTARTS} times within a minute; {self.log_of(name)}")
        self._say(f"{name} ended ({_how(code)}) and is started again.")

    def _start(self, kept: Kept) -> None:
        kept.program.before()
        kept.child = start(kept.program, self._home.log_dir)
        self._home.remember(other.child for other in self._kept if other.child is not None and not other.is_server)

    def _stop_everything(self) -> None:
        children = [kept for kept in reversed(self._kept) if kept.child is not None]
        self._stop([kept for kept in children if not kept.is_server], APP_STOP_SECONDS)
        self._stop([kept for kept in children if kept.is_server], SERVER_STOP_SECONDS)
        self._home.remember([])

    def _stop(self, kept: list[Kept], patience_seconds: float) -> None:
        children = [one.child for one in kept if one.child is not None]
        for child in children:
            child.signal(child.program.stop_signal)
        if not self._ended(children, patience_seconds):
            for child in children:
                child.signal(child.program.hard_signal)
            self._ended(children, HARD_STOP_SECONDS)
        for child in children:
            child.end_group()
            child.popen.wait()

    def _ended(self, children: list[Child], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while any(child.returncode() is None for child in children):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._signals.wait(left)
        return True


def _how(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
