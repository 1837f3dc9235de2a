"""One child process with everything it starts: a session of its own, a log file, a sure end.

Children run in sessions of their own, so that Ctrl-C reaches the supervisor alone and a whole group can
be ended at once. On Linux each asks the kernel for its stop signal should the supervisor be killed.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
LOG_KEPT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how it ends: `stop_signal` asks, `hard_signal` insists, SIGKILL settles it.

    Its output goes to a log file, or to ours with `on_terminal`; `before` runs ahead of every start.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user_id: int | None = None
    group_id: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    hard_signal: signal.Signals = signal.SIGKILL
    on_terminal: bool = False
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Child:
    """A program that was started; its process id is also its group's and its session's."""

    program: Program
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The leader's process id."""
        return self.popen.pid

    def returncode(self) -> int | None:
        """Its exit code once it has ended (negative: the signal), reaping it; None while it runs."""
        return self.popen.poll()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the leader alone: it knows how to end its own workers."""
        if self.returncode() is None:
            self.popen.send_signal(number)

    def end_group(self) -> None:
        """Kills whatever is left of its group, the leader included."""
        kill_group(self.pid)


def start(program: Program, log_dir: Path) -> Child:
    """Starts the program with its output in `log_dir/<name>.log`; raises OSError where it cannot run."""
    log = log_dir / f"{program.name}.log"
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        popen = subprocess.Popen(  # noqa: S603 - our own command lines, no shell
            program.command,
            env={**os.environ, **program.env},
            cwd=program.cwd,
            stdin=subprocess.DEVNULL,
            stdout=None if program.on_terminal else output,
            stderr=None if program.on_terminal else subprocess.STDOUT,
            start_new_session=True,
            user=program.user_id,
            group=program.group_id,
            extra_groups=None if program.group_id is None else [],
            preexec_fn=_tied_to(os.getpid(), program.stop_signal),  # noqa: PLW1509 - the supervisor has one thread
        )
    return Child(program, popen)


def kill_group(group_id: int) -> None:
    """SIGKILL to every process of the group; a group that is gone is no error."""
    try:
        os.killpg(group_id, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def living(name: str, cwd: Path) -> list[psutil.Process]:
    """Running processes of that name that work in that directory: a server is known by its data."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == name and Path(process.cwd()) == cwd:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.ppid() not in {other.pid for other in found}]


def end(process: psutil.Process, *signals: signal.Signals, patience_seconds: float = 3.0) -> None:
    """Ends one process by the signals in turn, then by SIGKILL; returns once it is gone."""
    for number in (*signals, signal.SIGKILL):
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return
        if gone_within(process, patience_seconds):
            return


def gone_within(process: psutil.Process, seconds: float) -> bool:
    """Waits for the end of a process that need not be our child; one that only waits for its parent is gone."""
    try:
        if hasattr(os, "pidfd_open"):
            descriptor = os.pidfd_open(process.pid)
            try:
                return bool(select.select([descriptor], [], [], seconds)[0])
            finally:
                os.close(descriptor)
        process.wait(seconds)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def _tied_to(parent: int, number: signal.Signals) -> Callable[[], None]:
    """Runs in the child between fork and exec: the kernel sends `number` when the parent is gone."""

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(number))
            if os.getppid() != parent:
                os._exit(1)

    return tie
