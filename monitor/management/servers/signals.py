"""Waiting for whatever comes first: a child's end, a request to stop, or the time."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Any

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """A context in which signals only wake `wait`; `stop` names the one that asked for the end."""

    def __init__(self) -> None:
        self.stop: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Signals:
        self._ours, self._pythons = socket.socketpair()
        self._ours.setblocking(False)
        self._pythons.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._pythons.fileno(), warn_on_full_buffer=False)
        for number in (*_STOPS, signal.SIGCHLD):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._ours.close()
        self._pythons.close()

    def wait(self, seconds: float | None) -> None:
        """Returns on the next signal, at the latest after `seconds` (None: never by itself)."""
        readable, _, _ = select.select([self._ours], [], [], seconds)
        if readable:
            self._ours.recv(4096)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number in _STOPS and self.stop is None:
            self.stop = signal.Signals(number)
