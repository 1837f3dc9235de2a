"""Two workers, each with a connection of its own, that are made to meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection

from monitor.models import Project, Run
from monitor.services import detect
from tests.factories import NOW

MEETING_SECONDS = 1.0


@contextmanager
def meeting(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, after: bool = False) -> Iterator[None]:
    """Two workers wait for each other at a function: their transactions overlap there.

    Where a lock keeps one of them away, the other goes on alone.
    """
    barrier, real = Barrier(2), getattr(module, name)

    def wait() -> None:
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=MEETING_SECONDS)

    def meet(*arguments: Any, **named: Any) -> Any:
        if not after:
            wait()
        result = real(*arguments, **named)
        if after:
            wait()
        return result

    with monkeypatch.context() as patch:
        patch.setattr(module, name, meet)
        yield


def at_once(*tasks: Callable[[], object]) -> list[object]:
    def run(task: Callable[[], object]) -> object:
        try:
            return task()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def judge_one(project: Project, run_id: str) -> Callable[[], object]:
    """A worker that happens to take this run."""
    pk = Run.objects.get(project=project, run_id=run_id).pk
    return lambda: detect._judge_safely(pk, NOW, Counter())
