"""Crosstalk's own front door, as a sender reaches it: one POST, no proxy, no redirect."""

from __future__ import annotations

import httpcore

ANSWER_SECONDS = 10.0


class NoAnswer(Exception):
    """Nobody answered; the text is the type of the error."""


def post_events(*, address: str, host: str, token: str, body: bytes, request_id: str) -> int:
    """Posts NDJSON events to the server at `address`, in the name of `host`; gives the status.

    The answer must come within `ANSWER_SECONDS`. Raises NoAnswer. Source: INTERFACES.md, `POST /api/v1/events`.
    """
    headers: dict[bytes | str, bytes | str] = {
        "Host": host,
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "X-Request-ID": request_id,
    }
    times = dict.fromkeys(("connect", "read", "write", "pool"), ANSWER_SECONDS)
    try:
        answer = httpcore.request(
            "POST", f"{address}/api/v1/events", headers=headers, content=body, extensions={"timeout": times}
        )
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
        raise NoAnswer(type(error).__name__) from None
    return answer.status
