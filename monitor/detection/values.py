"""What it means that two JSON values are the same, empty, a fingerprint, or an identity."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

FINGERPRINT = "fp:"
KEY_BYTES = 16
_HUGE_BITS = 12_000
"""Beyond this many bits Python refuses to write an integer in decimal digits."""


def is_fingerprint(value: object) -> bool:
    """Whether the sender sent a fingerprint in place of the value (EVENTS.md, `context`)."""
    return isinstance(value, str) and value.startswith(FINGERPRINT)


def is_empty(value: object) -> bool:
    """Whether a field counts as cleared: null, "", [], {}, 0 and false do (RULES.md, Residue)."""
    return not value


def differs(left: str, right: str) -> bool:
    """Whether two identities are proven to differ: from a plain value and a fingerprint nothing follows."""
    return left != right and left.startswith(FINGERPRINT) == right.startswith(FINGERPRINT)


def identity_text(value: object) -> str | None:
    """The text by which an identity value is compared, or None where the value is no identity.

    A non-empty string or a number is one; null, "", booleans, objects and lists are none. Integral
    numbers read alike however they were written. Source: EVENTS.md, "Own identity of a run".
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return number_text(value)


def number_text(value: int | float) -> str:
    """A number as text, equal for equal numbers: 1 and 1.0 are both "1"."""
    if isinstance(value, float):
        if not value.is_integer():
            return repr(value)
        value = int(value)
    return str(value) if value.bit_length() < _HUGE_BITS else hex(value)


def same(left: Any, right: Any) -> bool:
    """JSON equality: 1 is 1.0, true is not 1, objects compare without order, lists with it."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        return all(name in right and same(value, right[name]) for name, value in left.items())
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(map(same, left, right))
    return bool(left == right)


def canonical(value: Any) -> str:
    """One text per JSON value: equal values give equal texts and different ones different texts."""
    if isinstance(value, str):
        return json.dumps(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{canonical(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(map(canonical, value)) + "]"


def value_key(value: Any) -> bytes:
    """A 16-byte digest to look the value up by; equal exactly for equal JSON values."""
    return blake2b(canonical(value).encode(), digest_size=KEY_BYTES).digest()
