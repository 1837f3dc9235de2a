"""Timestamps as RFC 3339 writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingestion.formats.timestamps import parse_timestamp


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20t10:00:00.5z", datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-20T10:00:00.1234567899+05:30", datetime(2026, 11, 20, 4, 30, 0, 123_456, tzinfo=UTC)),
        ("2026-11-20T10:00:00-00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("1998-12-31T23:59:60Z", datetime(1998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("1998-12-31T15:59:60.123-08:00", datetime(1998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_timestamps(text, instant):
    assert parse_timestamp(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 10:00:00Z",
        "2026-11-20T10:00:00",
        "2026-11-20T10:00Z",
        "2026-11-20T10:00:00.Z",
        "2026-02-29T10:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T10:00:61Z",
        "2026-11-20T10:00:60Z",
        "2026-11-20T10:00:00+24:00",
        "2026-11-20T10:00:00+0100",
        "20261120T100000Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "٢٠٢٦-11-20T10:00:00Z",
        "2026-11-20T10:00:00Z\n",
    ],
)
def test_what_is_no_timestamp(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse_timestamp(text)
