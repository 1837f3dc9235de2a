"""What every answer says beside its body, and the log line that every request leaves."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from monitor import log_ids

logger = logging.getLogger("monitor.requests")

HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


REQUEST_ID = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_QUIET = frozenset(
    {"healthz", "readyz", "-/metrics", "heartbeat/", "overview/below/", "api/v1/events", "v1/traces"}
)
"""What is asked again and again: where it went well, a line would only be in the way of others."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Gives each request an id, the sender's own where it is well-formed, and logs what became of it.

    The line names the route and not the path: a path or a query may hold a value. Every other line of
    the request has its id too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers, with the id in `X-Request-ID`."""
        given = request.headers.get(REQUEST_ID, "")
        request_id = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        log_ids.begin(request_id=request_id)
        began = time.perf_counter()
        response = self.get_response(request)
        response.headers[REQUEST_ID] = request_id
        if settings.ACCESS_LOG:
            _log(request, response.status_code, time.perf_counter() - began)
        return response


@receiver(request_finished)
def _end_request(**_: Any) -> None:
    """Only here: Django logs a failed request after the last middleware."""
    log_ids.end()


def _log(request: HttpRequest, status: int, seconds: float) -> None:
    match = request.resolver_match
    route = match.route if match is not None else ""
    is_static = match is None and request.path.startswith(f"/{settings.STATIC_URL.lstrip('/')}")
    quiet = status < 400 and (is_static or route in _QUIET)
    logger.log(
        logging.DEBUG if quiet else logging.INFO,
        "answered",
        extra={
            "method": request.method if request.method in _METHODS else "other",
            "route": route or ("static" if is_static else "none"),
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
        },
    )


class SecurityHeaders:
    """Forbids what no page needs, beside the content security policy; a view that needs more says so itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Adds the headers that the view has not set."""
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
