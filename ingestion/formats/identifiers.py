"""The id of an event whose sender gave none: a digest of the event itself."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import msgspec
import rfc8785

_UNEASY_NUMBER = re.compile(
    rb"(?:\"\s*:|[\[,])\s*-?(?:[0-9]{16,}|[0-9]+[eE]|[0-9]{11,}\.|[0-9]+\.(?![0-9]{0,3}[1-9](?![0-9eE])))"
)
"""Any number but integers of up to 15 digits and fractions of up to 4 places that do not end in 0."""
_SORTED = msgspec.json.Encoder(order="sorted")
_SAFE_INTEGER = 2**53 - 1


def derive_event_id(raw: bytes, event: dict[str, Any]) -> str:
    """`auto-` and the SHA-256, in hex, of the canonical JSON (RFC 8785) of the event as it was sent.

    `raw` is the JSON text that `event` was read from. Integers that a double cannot hold have no
    canonical form in RFC 8785: they stand in a marked text, with all their digits, so that two
    events that differ in them alone stay two. Source: EVENTS.md, `event_id`.
    """
    return f"auto-{sha256(canonical_json(raw, event)).hexdigest()}"


def canonical_json(raw: bytes, event: dict[str, Any]) -> bytes:
    """The canonical form of `event`; raises ValueError where a string has half a surrogate pair."""
    if _is_easy(raw):
        return _SORTED.encode(event)
    try:
        return rfc8785.dumps(event)
    except rfc8785.IntegerDomainError:
        return b"exact integers:" + rfc8785.dumps(_spelled(event))


def _is_easy(raw: bytes) -> bool:
    """Whether sorting alone makes it canonical: ASCII names, and numbers with one usual spelling."""
    return raw.isascii() and b"\\u" not in raw and _UNEASY_NUMBER.search(raw) is None


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spelled(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if isinstance(value, int) and abs(value) > _SAFE_INTEGER:
        return {"integer": str(value)}
    return value
