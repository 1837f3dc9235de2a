"""The signed webhook: a message as Standard Webhooks writes it, and what an answer means.

Source: the Standard Webhooks specification (headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`); the signing itself is its library's.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from standardwebhooks import Webhook

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
SECRET_BYTES = 32
SHORTEST_SECRET_BYTES = 24
LONGEST_SECRET_BYTES = 64

Outcome = Literal["delivered", "passing", "permanent"]
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Signed:
    """A request ready to be sent: what was signed is exactly `body`."""

    headers: dict[str, str]
    body: bytes


def new_secret() -> str:
    """A fresh signing secret, `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(secret: str) -> str:
    """The secret as given; raises ValueError unless it is `whsec_` and 24 to 64 bytes in base64."""
    try:
        length = len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if not secret.startswith(SECRET_PREFIX) or not SHORTEST_SECRET_BYTES <= length <= LONGEST_SECRET_BYTES:
        raise ValueError("A signing secret is whsec_ and 24 to 64 bytes in base64.")
    return secret


def sign(*, secret: str, message_id: str, payload: Mapping[str, Any], now: datetime) -> Signed:
    """The payload as compact JSON with its three headers; the same id at each try of one message."""
    body = json.dumps(payload, separators=(",", ":"), sort_keys=True)
    return Signed(
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Crosstalk",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message_id, now.astimezone(UTC), body),
        },
        body=body.encode(),
    )


def outcome(status: int | None) -> Outcome:
    """What an answer's status means, None being no answer at all.

    2xx: delivered. No answer, 408, 425, 429 and 5xx pass, so that it is worth another try; all
    other answers, redirects among them, say that no try will ever succeed.
    """
    if status is None or status in _PASSING or status >= 500:
        return "passing"
    return "delivered" if 200 <= status < 300 else "permanent"


def retry_after_seconds(header: str | None, *, now: datetime) -> float:
    """The wait that a Retry-After header asks for, in seconds or as an HTTP date; 0 for none."""
    if header is None:
        return 0.0
    if header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
