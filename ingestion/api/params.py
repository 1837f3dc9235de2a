"""What callers write into addresses: times and cursors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ninja import Schema
from pydantic import Field

from ingestion.formats.timestamps import parse_timestamp
from ingestion.problems import Problem
from monitor.queries.keyset import DEFAULT_LIMIT, MAX_LIMIT, BadCursor


class Paging(Schema):
    """Which page of a list."""

    cursor: str | None = Field(None, description="`next` of the page before")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="rows of a page")


@contextmanager
def cursors_checked() -> Iterator[None]:
    """A cursor that no list gave is a 400 Problem that says so."""
    try:
        yield
    except BadCursor as error:
        raise Problem(
            400,
            "cursor is none that a list gave: send the `next` of a page as it is, or leave it out.",
            errors=[{"field": "cursor", "error": "no cursor of this list"}],
        ) from error


def moment(name: str, text: str | None) -> datetime | None:
    """An RFC 3339 timestamp of the address as an aware moment; raises a 422 Problem that names it."""
    if text is None:
        return None
    try:
        return parse_timestamp(text.replace(" ", "+"))
    except ValueError as error:
        raise _not_a_time(name, "an RFC 3339 timestamp such as 2026-11-20T10:00:00Z", error) from error


def bound(name: str, text: str | None, zone: ZoneInfo, *, ends: bool = False) -> datetime | None:
    """A timestamp, or a day of the zone: its first instant, or (`ends`) the first one after it."""
    if text is None or len(text) != len("2026-11-20"):
        return moment(name, text)
    try:
        day = date.fromisoformat(text) + timedelta(days=int(ends))
        return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _not_a_time(name, "a day such as 2026-11-20, or an RFC 3339 timestamp", error) from error


def _not_a_time(name: str, wanted: str, error: Exception) -> Problem:
    said = f"Not understood: {name}. Send {wanted}."
    return Problem(422, said, errors=[{"field": name, "error": str(error)}])
