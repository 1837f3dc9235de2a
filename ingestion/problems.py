"""Errors as RFC 9457 problem documents: what happened, and what to do about it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2


class Problem(Exception):
    """An answer that is an error. `detail` says what to do and holds no stored value.

    `more` are further members of the document, `headers` those of the answer.
    """

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more


def respond(problem: Problem) -> HttpResponse:
    """The problem document. `type` is absent: the status code alone says what kind it is (RFC 9457, 4.2.1)."""
    document = {
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.more,
    }
    response = HttpResponse(json.dumps(document), status=problem.status, content_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def unavailable(what: str) -> Problem:
    """Something we need is away: the sender keeps what it has and comes again."""
    detail = (
        f"{what} cannot be reached, and nothing is known to be stored. Send it again in {RETRY_SECONDS} seconds."
    )
    return Problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})
