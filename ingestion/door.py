"""The way of a body through the door, whatever its format: limits, checks, the inbox, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from ingestion import tally
from ingestion.formats.canonical import Rejected, check_all
from ingestion.formats.faults import EventError
from ingestion.formats.framing import Unreadable
from ingestion.inbox import Accepted, accept
from ingestion.limits import body_of, check_batch, check_open, note_refused, reason_of, spend
from ingestion.problems import Problem
from ingestion.redacting import redacted
from monitor.models import ApiKey

Drafts = Sequence[bytes | EventError]
"""The JSON text of each context event, or why a format could make none of it."""
_REASONS = {400: "unreadable body", 413: "too large", 415: "media type", 429: "rate limit"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What was stored of a body, and which of its events were not taken."""

    stored: Accepted
    rejected: Sequence[Rejected]


def admitted(
    request: HttpRequest, *, key: ApiKey, now: datetime, reader: Callable[[HttpRequest], Callable[[bytes], Drafts]]
) -> Drafts:
    """The events of a body, once all limits are passed; what is refused here is counted by its reason.

    `reader` says how a body of the request's media type is read. Raises a Problem: 400, 413, 415 or 429.
    """
    lost = 1
    try:
        check_open(key=key, now=now)
        read = reader(request)
        drafts = _read(read, body_of(request, max_bytes=settings.MAX_BODY_BYTES))
        lost = max(1, len(drafts))
        check_batch(len(drafts))
        spend(key=key, events=len(drafts), now=now)
    except Problem as problem:
        note_refused(key=key, reasons={_REASONS[problem.status]: lost}, now=now)
        raise
    return drafts


def _read(read: Callable[[bytes], Drafts], body: bytes) -> Drafts:
    try:
        return read(body)
    except Unreadable as error:
        raise Problem(400, f"The body cannot be read: {error}.") from error


def take(drafts: Drafts, *, key: ApiKey, now: datetime) -> Taken:
    """Checks each event on its own, redacts the good ones and stores them: durable once this returns.

    Bad ones are counted.
    """
    good, bad = check_all(drafts)
    stored = accept(project=key.project, events=redacted(key.project, good), now=now)
    tally.count(key.project, accepted=stored.accepted, duplicates=stored.duplicates)
    note_refused(key=key, reasons=Counter(reason_of(one.field) for one in bad), now=now)
    return Taken(stored, bad)
