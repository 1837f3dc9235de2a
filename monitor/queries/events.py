"""Stored events: how one is packed into its row's `body`, and read back."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC
from typing import Any

import msgspec
import zstandard

from monitor.detection.event import Event as ContextEvent
from monitor.models import Event, Project, Run

_ENCODER = msgspec.json.Encoder()
_AS_EVENT = msgspec.json.Decoder(ContextEvent)
_AS_DICT = msgspec.json.Decoder(dict[str, Any])
_DEFAULTS: dict[str, Any] = {
    "parent_run_id": None,
    "parent_step": None,
    "sequence": None,
    "attempt": 1,
    "branch": None,
    "status": "ok",
    "final": False,
    "execution_id": None,
    "session": None,
    "tenant": None,
    "partial": False,
    "accesses": (),
    "attributes": {},
}
_FIELDS = tuple(one.name for one in fields(ContextEvent))


@dataclass(slots=True)
class StoredRun:
    """The events of a run in the order of their receipt, the bytes of their contexts, and the last one's key."""

    events: list[ContextEvent] = field(default_factory=list)
    context_bytes: int = 0
    last_pk: int = 0


class _Codec(threading.local):
    """zstd contexts are costly to make and not safe to share between threads."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=1, write_checksum=False)
        self.decompressor = zstandard.ZstdDecompressor()


_CODEC = _Codec()


def compact(value: Any) -> bytes:
    """A JSON value as compact UTF-8 JSON; RULES.md measures a context by its length in bytes."""
    return _ENCODER.encode(value)


def pack(event: Mapping[str, Any] | ContextEvent, *, context: bytes | None = None) -> bytes:
    """The checked event, with its `event_id`, as it is stored: compact JSON, zstd-compressed.

    Fields that hold their default are left out. `context`, where the caller has it already, is the
    event's context as `compact` wrote it. Shape: EVENTS.md.
    """
    wire: dict[str, Any] = _wire(event) if isinstance(event, ContextEvent) else dict(event)
    if context is not None:
        wire["context"] = msgspec.Raw(context)
    return _CODEC.compressor.compress(_ENCODER.encode(wire))


def _wire(event: ContextEvent) -> dict[str, Any]:
    wire: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(event, name)
        if name not in _DEFAULTS or value != _DEFAULTS[name]:
            wire[name] = value
    return wire


def _plain(body: bytes | memoryview) -> bytes:
    return _CODEC.decompressor.decompress(bytes(body))


def unpack(body: bytes | memoryview) -> dict[str, Any]:
    """A stored body as the JSON object that `pack` was given, less what held its default."""
    return _AS_DICT.decode(_plain(body))


def as_event(row: Event | bytes | memoryview) -> ContextEvent:
    """A stored event, or its body, as the detection core sees it: typed, defaults applied, in UTC."""
    event = _AS_EVENT.decode(_plain(row.body if isinstance(row, Event) else row))
    if event.occurred_at.tzinfo is UTC:
        return event
    return replace(event, occurred_at=event.occurred_at.astimezone(UTC))


def of_run(project: Project, run: Run, *, limit: int | None = None) -> list[ContextEvent]:
    """The run's events in no order; of more than `limit` the earliest by the sender's clock."""
    rows = Event.objects.filter(project=project, run=run).order_by("occurred_at", "id")
    return [as_event(body) for body in rows.values_list("body", flat=True)[:limit]]


def of_runs(
    project: Project, run_pks: Collection[int], *, event_pks: Collection[int] | None = None
) -> dict[int, StoredRun]:
    """The events of runs, or those with these keys, by the primary key of the run, in one query.

    Runs of another project have none.
    """
    rows = Event.objects.filter(project=project, run__in=run_pks).order_by("id")
    if event_pks is not None:
        rows = rows.filter(pk__in=event_pks)
    found: dict[int, StoredRun] = {}
    for pk, run_pk, body, size in rows.values_list("id", "run_id", "body", "context_bytes"):
        run = found.setdefault(run_pk, StoredRun())
        run.events.append(as_event(body))
        run.context_bytes += size
        run.last_pk = pk
    return found


def by_pk(project: Project, pks: Sequence[int]) -> list[ContextEvent]:
    """The events with these keys, in no order; keys of another project find nothing."""
    rows = Event.objects.filter(project=project, pk__in=pks)
    return [as_event(body) for body in rows.values_list("body", flat=True)]
