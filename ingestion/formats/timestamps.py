"""RFC 3339 timestamps, as JSON Schema's `date-time` means them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DATE_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<minute>[0-9]{2}:[0-9]{2}):(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]+))?(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def parse_timestamp(text: str) -> datetime:
    """The instant that an RFC 3339 date-time with an offset names, aware and in UTC.

    Fractions of any length are cut to microseconds, so that order is kept. A leap second (23:59:60
    in UTC) becomes the last microsecond before it ends its minute. Raises ValueError otherwise.
    Source: RFC 3339, section 5.6.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 timestamp with an offset")
    date, minute, second, fraction, offset = match.groups()
    leap = second == "60"
    micros = "999999" if leap else (fraction or "")[:6].ljust(6, "0")
    zone = "+00:00" if offset in "Zz" else offset
    try:
        local = datetime.fromisoformat(f"{date}T{minute}:{'59' if leap else second}.{micros}{zone}")
        instant = local.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the years 1 to 9999 in UTC") from error
    if leap and (instant.hour, instant.minute) != (23, 59):
        raise ValueError("a leap second is at 23:59:60 UTC only")
    return instant
