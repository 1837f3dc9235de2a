"""Lists a page at a time: a cursor names the last row seen, so that new rows never shift a page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from monitor.queries.wire import rfc3339

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")

MAX_LIMIT = 200
DEFAULT_LIMIT = 50


class BadCursor(ValueError):
    """The text is no cursor that a list gave."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows of a list in its order; `next` is the cursor of the rows after them, None at the end."""

    items: tuple[Item, ...]
    next: str | None

    def as_json(self, shape: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
        """The page as the API writes lists (INTERFACES.md)."""
        return {"items": [shape(item) for item in self.items], "next": self.next}


def newest_first(rows: QuerySet[Row], *, by: str, cursor: str | None, limit: int) -> Page[Row]:
    """The rows by the time column `by`, latest first, ties by primary key; after `cursor`, if there is one.

    `limit` is cut to 1 to 200 rows. Raises BadCursor.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    if cursor:
        at, pk = _decode(cursor)
        rows = rows.filter(**{f"{by}__lte": at}).exclude(**{by: at, "pk__gte": pk})
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    shown = found[:limit]
    more = len(found) > limit
    return Page(tuple(shown), _encode(getattr(shown[-1], by), shown[-1].pk) if more else None)


def _encode(at: datetime, pk: int) -> str:
    text = json.dumps([rfc3339(at), pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, int]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        at, pk = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or type(pk) is not int or not 0 <= pk < 2**63:
            raise BadCursor(cursor)
        return moment.astimezone(UTC), pk
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise BadCursor(cursor) from error
