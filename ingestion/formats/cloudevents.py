"""CloudEvents 1.0: the context event in `data`, structured, in batches, or in binary mode.

The envelope must be a CloudEvent; what it says beside `data` counts where the context event itself is silent:
`time` for `occurred_at`, and `source` with `id`, which name an event in CloudEvents, for `event_id`.
Source: CloudEvents 1.0.2, its JSON format, and its HTTP protocol binding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from ingestion.formats.faults import EventError
from ingestion.formats.framing import Unreadable, split_events

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY_HEADER = "ce-specversion"
REQUIRED = ("specversion", "id", "source", "type")
_VERSION = "1.0"
_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SPACE = b" \t\r\n"

Unwrapped = list[bytes | EventError]
"""The JSON text of each context event, or why there is none."""


def unwrap_structured(body: bytes) -> Unwrapped:
    """The context event of one CloudEvent; raises Unreadable where the body is no JSON object."""
    raws = split_events(body, "json")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        raise Unreadable(f"one CloudEvent is an object: send an array of them as {BATCH}")
    return [_unwrap(raw) for raw in raws]


def unwrap_batch(body: bytes) -> Unwrapped:
    """The context event of each CloudEvent of a batch; raises Unreadable where the body is no JSON array."""
    raws = split_events(body, "json")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
        raise Unreadable(f"a batch of CloudEvents is an array: send a single one as {STRUCTURED}")
    return [_unwrap(raw) for raw in raws]


def unwrap_binary(body: bytes, headers: Mapping[str, str]) -> Unwrapped:
    """The context event in the body of a CloudEvent whose attributes are in `ce-` headers."""
    attributes = {
        name.lower().removeprefix("ce-"): unquote(value.strip('"'))
        for name, value in headers.items()
        if name.lower().startswith("ce-")
    }
    try:
        _check_attributes(attributes)
        return [_completed(body.strip(_SPACE), attributes)]
    except EventError as error:
        return [error]


def _unwrap(raw: bytes) -> bytes | EventError:
    try:
        members = _ENVELOPE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return EventError(
            "", "not a JSON object: a CloudEvent is an object with specversion, id, source, type and data"
        )
    attributes = {name: _text(members[name]) for name in (*REQUIRED, "time", "datacontenttype") if name in members}
    try:
        _check_attributes(attributes)
        return _completed(_data(members), attributes)
    except EventError as error:
        return error


def _text(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _check_attributes(attributes: Mapping[str, Any]) -> None:
    for name in REQUIRED:
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise EventError(name, "missing or no text: every CloudEvent names it (CloudEvents 1.0, 3.1)")
    if attributes["specversion"] != _VERSION:
        raise EventError("specversion", f'another version of CloudEvents: send "{_VERSION}"')
    kind = attributes.get("datacontenttype")
    if kind is not None and not _is_json(kind):
        raise EventError("datacontenttype", "the context event is JSON: send application/json, or leave it out")


def _is_json(kind: Any) -> bool:
    media = kind.partition(";")[0].strip().lower() if isinstance(kind, str) else ""
    return media == "application/json" or media.endswith("+json")


def _data(members: Mapping[str, msgspec.Raw]) -> bytes:
    if "data" in members and "data_base64" in members:
        raise EventError("data_base64", "stands beside data: send one of them")
    if "data" in members:
        return bytes(members["data"]).strip(_SPACE)
    encoded = _text(members["data_base64"]) if "data_base64" in members else None
    if encoded is None:
        raise EventError("data", "missing: the context event goes into data")
    try:
        return base64.b64decode(encoded, validate=True).strip(_SPACE)
    except (binascii.Error, TypeError, ValueError) as error:
        raise EventError("data_base64", "no base64: send the context event as a JSON object in data") from error


def _completed(data: bytes, attributes: Mapping[str, Any]) -> bytes:
    """The context event with what only its envelope says, as further members of the same text."""
    if data[:1] != b"{":
        raise EventError("data", "no JSON object: the context event goes into data")
    try:
        known = _ENVELOPE.decode(data).keys()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return data  # its own check says what is wrong with it
    more = dict(_missing(known, attributes))
    if not more:
        return data
    head = msgspec.json.encode(more)[:-1]
    return head + (b"," if known else b"") + data[1:]


def _missing(known: Iterable[str], attributes: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if "occurred_at" not in known and isinstance(attributes.get("time"), str):
        yield "occurred_at", attributes["time"]
    if "event_id" not in known:
        name = f"{attributes['source']}\0{attributes['id']}".encode("utf-8", "surrogatepass")
        yield "event_id", f"ce-{hashlib.sha256(name).hexdigest()}"
