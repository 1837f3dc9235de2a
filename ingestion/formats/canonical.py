"""The context event's own wire form: one JSON object, held against EVENTS.md to the letter.

The way is short for the good event (one typed msgspec decode) and long only for the others: those
are read once more, tolerantly, to say which field is wrong and what to send instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from ingestion.formats.faults import EventError, inspect, misfit, nests_deeper
from ingestion.formats.identifiers import derive_event_id
from ingestion.formats.timestamps import parse_timestamp
from monitor.detection.event import Access, Event

MAX_EVENT_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Label = Annotated[str, msgspec.Meta(max_length=1000)]


class WireAccess(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One touch of a shared resource, as sent."""

    store: Name
    op: Literal["read", "write", "delete"]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    ttl_seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None


class WireEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A context event as sent; the constraints are those of context-event.schema.json."""

    occurred_at: str
    workflow: Name
    run_id: Name
    step: Name
    phase: Literal["enter", "exit"]
    context: dict[str, Any]
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | msgspec.UnsetType = msgspec.UNSET
    parent_run_id: Name | None = None
    parent_step: Name | None = None
    sequence: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    attempt: Annotated[int, msgspec.Meta(ge=1)] = 1
    branch: Name | None = None
    status: Literal["ok", "error"] = "ok"
    final: bool = False
    execution_id: Name | None = None
    session: Name | None = None
    tenant: Name | None = None
    partial: bool = False
    accesses: Annotated[list[WireAccess], msgspec.Meta(max_length=100)] = []
    attributes: Annotated[dict[str, Label], msgspec.Meta(max_length=50)] = {}


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why one event was not taken; `field` is empty where it is the event as a whole."""

    index: int
    event_id: str | None
    field: str
    error: str


FIELDS = frozenset(WireEvent.__struct_fields__)
LARGE_EVENT_BYTES = 32 * 1024
MAX_SLOW_NUMBERS = 100
_WIRE = msgspec.json.Decoder(WireEvent)
_SHAPES = bytes.maketrans(b"123456789E+", b"000000000e-")


def check_event(raw: bytes) -> Event:
    """One event from its JSON text, checked and with its defaults and its `event_id`.

    Raises EventError, which names the field and says what to do. Source: EVENTS.md,
    context-event.schema.json.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise EventError(
            "context", f"makes the event larger than 4 MiB ({len(raw)} bytes): send a part of it, marked partial"
        )
    wire = _read_quickly(raw)
    if wire is None:
        wire = _read_carefully(raw)
    try:
        occurred_at = parse_timestamp(wire.occurred_at)
    except ValueError as error:
        raise EventError(
            "occurred_at", f"{error}: send it like 2026-11-20T10:00:00Z or 2026-11-20T11:00:00.123456+01:00"
        ) from error
    event_id = wire.event_id
    if isinstance(event_id, msgspec.UnsetType):
        event_id = derive_event_id(raw, json.loads(raw) if _has_slow_numbers(raw) else msgspec.json.decode(raw))
    return Event(
        event_id=event_id,
        occurred_at=occurred_at,
        workflow=wire.workflow,
        run_id=wire.run_id,
        step=wire.step,
        phase=wire.phase,
        context=wire.context,
        parent_run_id=wire.parent_run_id,
        parent_step=wire.parent_step,
        sequence=None if isinstance(wire.sequence, msgspec.UnsetType) else wire.sequence,
        attempt=wire.attempt,
        branch=wire.branch,
        status=wire.status,
        final=wire.final,
        execution_id=wire.execution_id,
        session=wire.session,
        tenant=wire.tenant,
        partial=wire.partial,
        accesses=tuple(Access(one.store, one.op, one.key, one.ttl_seconds) for one in wire.accesses),
        attributes=wire.attributes,
    )


def _read_quickly(raw: bytes) -> WireEvent | None:
    """The event, where it is surely good; None where a closer look must say."""
    if b"\\u0000" in raw or _has_slow_numbers(raw):
        return None
    try:
        wire = _WIRE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and nests_deeper(wire.context, MAX_DEPTH):
        return None
    return wire


def _has_slow_numbers(raw: bytes) -> bool:
    """Whether a large event has many three-digit exponents: near a double's ends msgspec takes 10 us for each.

    A context of nothing else would take seconds; the tolerant reader takes the same time for every number.
    """
    if len(raw) < LARGE_EVENT_BYTES:
        return False
    shapes = raw.translate(_SHAPES)
    return shapes.count(b"0e000") + shapes.count(b"0e-000") > MAX_SLOW_NUMBERS


def _read_carefully(raw: bytes) -> WireEvent:
    """The event by the tolerant reader: an integer may be written 1.0, of repeated names the last counts."""
    event = _parse(raw)
    if not isinstance(event, dict):
        raise EventError("", "not a JSON object: an event is an object with occurred_at, workflow, run_id, ...")
    inspect(event, max_depth=MAX_DEPTH)
    for name in ("sequence", "attempt"):
        number = event.get(name)
        if isinstance(number, float) and number.is_integer():
            event[name] = int(number)
    _clamp_lifetimes(event)
    try:
        return msgspec.convert(event, WireEvent)
    except msgspec.ValidationError as error:
        raise misfit(str(error), event) from error


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise EventError("", f"not UTF-8 at byte {error.start}: send the event as UTF-8 JSON") from error
    except json.JSONDecodeError as error:
        raise EventError("", f"not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise EventError("context", f"deeper than {MAX_DEPTH} levels: send less of it, or flatten it") from error
    except ValueError as error:
        raise EventError("", "a number has more than 4,300 digits: send it as a string") from error


def _clamp_lifetimes(event: dict[str, Any]) -> None:
    """A `ttl_seconds` may be any number; one past a double is as long as forever."""
    accesses = event.get("accesses")
    for access in accesses if isinstance(accesses, list) else ():
        lifetime = access.get("ttl_seconds") if isinstance(access, dict) else None
        if isinstance(lifetime, int) and lifetime > sys.float_info.max:
            access["ttl_seconds"] = sys.float_info.max


def readable_event_id(raw: bytes) -> str | None:
    """The `event_id` of an event that was not taken, where it can be made out at all."""
    try:
        found = msgspec.json.decode(raw, type=_OnlyId).event_id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            found = _parse(raw).get("event_id")
        except (EventError, AttributeError):
            return None
    return found if isinstance(found, str) and 1 <= len(found) <= 128 else None


class _OnlyId(msgspec.Struct):
    event_id: Any = None


def check_all(raws: Sequence[bytes | EventError]) -> tuple[list[Event], list[Rejected]]:
    """Each event on its own: the good ones in order, and why the others are not among them.

    An EventError stands for an event that its format could not unwrap.
    """
    good: list[Event] = []
    bad: list[Rejected] = []
    for index, raw in enumerate(raws):
        if isinstance(raw, EventError):
            bad.append(Rejected(index, None, raw.field, raw.problem))
            continue
        try:
            good.append(check_event(raw))
        except EventError as error:
            bad.append(Rejected(index, readable_event_id(raw), error.field, error.problem))
    return good, bad
