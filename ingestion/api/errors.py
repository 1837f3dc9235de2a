"""Every error of the API as a problem document, whoever raised it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from ingestion.problems import Problem, respond, unavailable

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]
Kind = TypeVar("Kind", bound=Exception)


def add_handlers(api: NinjaAPI) -> None:
    """Says for each kind of exception what the API answers."""
    _handle(api, Problem, respond)
    _handle(api, ValidationError, lambda error: respond(_invalid(error)))
    _handle(api, Http404, lambda _: respond(no_such_call()))
    _handle(api, HttpError, lambda error: respond(Problem(error.status_code, str(error))))
    _handle(api, RequestDataTooBig, lambda _: respond(Problem(413, "The body is too large: shorten the note.")))
    _handle(api, OperationalError, _database_away)
    _handle(api, InterfaceError, _database_away)
    api.add_exception_handler(Exception, _unexpected)


def _handle(api: NinjaAPI, kind: type[Kind], answer: Callable[[Kind], HttpResponse]) -> None:
    def handler(_: HttpRequest, error: Kind | type[Kind]) -> HttpResponse:
        if isinstance(error, type):
            raise TypeError("an exception is handled, not its class")
        return answer(error)

    api.add_exception_handler(kind, handler)


def no_such_call() -> Problem:
    """No route has this path."""
    return Problem(404, "There is no such call: see /api/v1/docs for those there are.")


def guarded(view: View) -> View:
    """The view with its bare errors as problem documents; refuses what PostgreSQL cannot hold as text."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if "\0" in request.path_info or any("\0" in value for value in request.GET.values()):
            return respond(Problem(400, "The address holds a NUL character: no name here has one."))
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return respond(no_such_call())
        if response.status_code != 405:
            return response
        allowed = response.headers.get("Allow", "")
        return respond(Problem(405, f"Use {allowed.replace(', ', ' or ')} here.", headers={"Allow": allowed}))

    return answer


def _invalid(error: ValidationError) -> Problem:
    problems = [
        {"field": ".".join(str(part) for part in each["loc"][1:]), "error": each["msg"]} for each in error.errors
    ]
    names = ", ".join(sorted({problem["field"] for problem in problems}))
    return Problem(422, f"Not understood: {names}. See errors.", errors=problems)


def _database_away(error: Exception) -> HttpResponse:
    logger.error("the database cannot be reached", extra={"error": type(error).__name__})
    return respond(unavailable("The database"))


def _unexpected(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Logs where it happened and not what was said: an exception's text may hold a context's values."""
    if isinstance(error, type):
        error = error()
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    where = [f"{frame.filename}:{frame.lineno}" for frame in frames]
    call = request.resolver_match.route if request.resolver_match else ""
    logger.error("a call of the API failed", extra={"error": type(error).__name__, "where": where, "call": call})
    return respond(Problem(500, "Something failed on our side, and we have logged it. Try again later."))
