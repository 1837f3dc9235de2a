"""The ids that every log line of a request or a task carries: whose work it is, never what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_NONE: Mapping[str, object] = MappingProxyType({})
_ids: ContextVar[Mapping[str, object]] = ContextVar("log_ids", default=_NONE)


def current() -> Mapping[str, object]:
    """The ids of the present request or task, by name."""
    return _ids.get()


def add(**ids: object) -> None:
    """Adds ids for the rest of the request or task; outside of one, nothing."""
    if _ids.get() is not _NONE:
        _ids.set({**_ids.get(), **ids})


def begin(**ids: object) -> None:
    """Begins a request or task: its lines carry these ids, and none of an earlier one."""
    _ids.set(ids)


def end() -> None:
    """Ends it."""
    _ids.set(_NONE)


@contextmanager
def within(**ids: object) -> Iterator[None]:
    """Adds ids for the length of a block, in a request, in a task or outside of both."""
    before = _ids.get()
    _ids.set({**before, **ids})
    try:
        yield
    finally:
        _ids.set(before)
