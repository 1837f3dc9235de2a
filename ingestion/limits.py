"""What the front door bears: bytes of a body, events of a batch, events a minute; and what it refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from os import getpid
from typing import IO, cast
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.http import HttpRequest, UnreadablePostError
from redis.backoff import NoBackoff
from redis.retry import Retry

from ingestion.formats.canonical import FIELDS
from ingestion.formats.encodings import ENCODINGS, Broken, TooLarge, UnknownEncoding, read_body
from ingestion.models import Refusal
from ingestion.problems import Problem
from monitor.models import ApiKey, Project

logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
WINDOW_SECONDS = 60
REDIS_TIMEOUT_SECONDS = 0.1
REDIS_REST = timedelta(seconds=2)
UNKNOWN_FIELD = "unknown field"
NO_EVENT = "not an event"

_COUNT_REFUSALS = """
INSERT INTO ingestion_refusal AS kept (project_id, api_key_id, hour, reason, events)
SELECT %s, %s, %s, reason, events FROM unnest(%s::text[], %s::bigint[]) AS new (reason, events)
ON CONFLICT (api_key_id, hour, reason) DO UPDATE SET events = kept.events + excluded.events
"""


def body_of(request: HttpRequest, *, max_bytes: int) -> bytes:
    """The request's body, opened by its Content-Encoding, refused as soon as it is known to be too large.

    Raises a 400, 413 or 415 Problem.
    """
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    encoding = request.headers.get("Content-Encoding", "")
    try:
        return read_body(_chunks(request), encoding=encoding, max_bytes=max_bytes)
    except TooLarge as error:
        raise _too_large(max_bytes) from error
    except UnknownEncoding as error:
        raise Problem(
            415,
            "This Content-Encoding is not taken: use gzip, zstd, or none.",
            headers={"Accept-Encoding": ", ".join(ENCODINGS)},
        ) from error
    except Broken as error:
        raise Problem(400, f"The body cannot be opened: {error}.") from error
    except UnreadablePostError as error:
        raise Problem(400, "The body ended before its Content-Length: send it again.") from error


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    """The raw body; a chunked one has no length, and the server ends its stream (`wsgi.input_terminated`)."""
    stream: IO[bytes] = cast("IO[bytes]", request)
    if "CONTENT_LENGTH" not in request.META or not request.META["CONTENT_LENGTH"]:
        if not request.META.get("wsgi.input_terminated"):
            return
        stream = request.META["wsgi.input"]
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        413,
        f"The body is larger than {max_bytes} bytes, as sent or opened: split the batch.",
        max_body_bytes=max_bytes,
    )


def check_batch(count: int) -> None:
    """Raises a 413 Problem where a batch has more than MAX_BATCH_EVENTS events."""
    most = settings.MAX_BATCH_EVENTS
    if count > most:
        raise Problem(413, f"The batch has {count} events, more than {most}: split it.", max_batch_events=most)


class _Gate:
    """What this process remembers: keys over their limit, and a Redis that did not answer."""

    def __init__(self) -> None:
        self.shut: dict[UUID, int] = {}
        self.redis_rests_until: datetime | None = None


_GATE = _Gate()


def check_open(*, key: ApiKey, now: datetime) -> None:
    """Raises a 429 Problem, before anything is read, for a key that has used up its minute."""
    if _GATE.shut.get(key.uuid) == _window(now):
        raise _too_many(now)


def spend(*, key: ApiKey, events: int, now: datetime) -> None:
    """Counts the events of a batch against the key's minute; raises a 429 Problem where it was used up before.

    A batch that begins within the limit passes whole. Without Redis everything passes: losing
    events is worse than taking too many.
    """
    window = _window(now)
    used = _count(f"crosstalk:rate:{key.uuid}:{window}", events, now)
    if used is not None and used - events >= settings.MAX_EVENTS_PER_MINUTE:
        _GATE.shut = {uuid: shut for uuid, shut in _GATE.shut.items() if shut == window} | {key.uuid: window}
        raise _too_many(now)


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_SECONDS


def _too_many(now: datetime) -> Problem:
    wait = WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS
    most = settings.MAX_EVENTS_PER_MINUTE
    return Problem(
        429,
        f"This key has sent its {most} events of this minute: wait {wait} seconds.",
        headers={"Retry-After": str(wait)},
    )


def _count(name: str, events: int, now: datetime) -> int | None:
    if _GATE.redis_rests_until is not None and now < _GATE.redis_rests_until:
        return None
    try:
        with _redis(settings.REDIS_URL, getpid()).pipeline(transaction=False) as pipe:
            pipe.incrby(name, events)
            pipe.expire(name, 2 * WINDOW_SECONDS)
            return int(pipe.execute()[0])
    except (redis.RedisError, OSError) as error:
        _GATE.redis_rests_until = now + REDIS_REST
        logger.warning("the rate limit has no Redis; all pass", extra={"error": type(error).__name__})
        return None


@cache
def _redis(url: str, pid: int) -> redis.Redis:
    """This process's own connections: none may be shared across a fork."""
    del pid
    return redis.Redis.from_url(
        url,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def note_refused(*, key: ApiKey, reasons: Mapping[str, int], now: datetime) -> None:
    """Adds to the hour's count of refused events, by reason: the wrong field, or the limit that was hit."""
    if not reasons:
        return
    names = sorted(reasons)
    hour = now.replace(minute=0, second=0, microsecond=0)
    counts = [reasons[name] for name in names]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_REFUSALS, [key.project_id, key.pk, hour, names, counts])


def reason_of(field: str) -> str:
    """A wrong field as it is counted: known names only, so that a sender cannot fill the table with its own."""
    name = field.partition(".")[0].partition("[")[0]
    if name in FIELDS:
        return name
    return UNKNOWN_FIELD if name else NO_EVENT


def refused_since(project: Project, since: datetime) -> dict[str, int]:
    """How many events of a project were refused in the hours from that of `since` on, by reason."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    rows = Refusal.objects.filter(project=project, hour__gte=hour).values("reason")
    return {row["reason"]: row["lost"] for row in rows.annotate(lost=Sum("events")).order_by("reason")}


def refused_ever(project: Project) -> dict[str, int]:
    """How many events of a project were ever refused, by reason: figures that only grow."""
    rows = Refusal.objects.filter(project=project).values("reason")
    return {row["reason"]: row["lost"] for row in rows.annotate(lost=Sum("events")).order_by("reason")}


def is_rejection(reason: str) -> bool:
    """Whether a reason of `note_refused` is a mistake in one event; otherwise a limit kept a request out."""
    return reason in FIELDS or reason in {UNKNOWN_FIELD, NO_EVENT}
