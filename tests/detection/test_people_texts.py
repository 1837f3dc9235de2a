"""Which leaves tell people apart at all, and by what text. Source: FOREIGN-VALUE.md, "Silent"."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.people.texts import comparable, names_an_id, text_of


@pytest.mark.parametrize(
    "value",
    [
        "12.50", "1,234.50", "-0.5", "EUR 12", "€12", "12 EUR", "12.50€", "15%", "$1,200.00", "chf 1'000.00",
        "2026-11-20", "2026-11", "2026-11-20T10:00:00Z", "2026-11-20 10:00:00.123+02:00", "20.11.2026",
        "11/20/2026", "10:30", "10:30:15", "3:30 pm", "10.0.0.1", "10.0.0.1:8080", "10.0.0.0/8", "fe80::1",
        "2001:db8::1", "ab:cd:ef:01:02:03", "ab-cd-ef-01-02-03", "00-1b-63-84-45-e6", "ab", " x ", "", "66530",
        "-12", True, False, None, 12, 12.5,
    ],
)  # fmt: skip
def test_what_is_nobodys_has_no_text(value: Any) -> None:
    assert text_of(value, id_like=False) is None


@pytest.mark.parametrize(
    "value",
    [
        "Bob", "SKU-1003", "+49 150 1234567", "+491501234567", "cus_12", "0e5ba7ee-f5e9-441d-9c01-02fb5e6b1c0c",
        "de89370400440532013000", "DE89 3704 0044 0532 0130 00", "A0A5D2F34", "12 Main St", "24/7 Fitness",
        "INV 2024", "abc: def", "#1234", "@handle", "s3://x/y", "12 apples", "2026-11-20 party", "\ud800abc",
    ],
)  # fmt: skip
def test_what_names_somebody_has_one(value: str) -> None:
    assert text_of(value, id_like=False) == value.strip().casefold()


def test_spelling_does_not_matter() -> None:
    assert text_of(" ZOË ", id_like=False) == text_of("zoe\u0308", id_like=False) == "zoë"


def test_fingerprints_stand_as_they_are() -> None:
    assert text_of("fp:AbC ", id_like=False) == "fp:AbC "
    assert comparable({"fp:a"}, {"fp:b"})
    assert comparable({"a", "fp:a"}, {"b"})
    assert not comparable({"fp:a"}, {"b"})


@pytest.mark.parametrize(
    "name", ["id", "customer_id", "customerId", "userID", "order_no", "policyNumber", "ref", "UUID"]
)
def test_integers_count_at_a_key_named_like_an_id(name: str) -> None:
    assert names_an_id(name)
    assert text_of(4711, id_like=True) == text_of("4711", id_like=True) == "4711"


@pytest.mark.parametrize("name", ["", "paid", "amount", "width", "postcode", "note", "valid", "identity", "2"])
def test_other_keys_are_not_named_like_one(name: str) -> None:
    assert not names_an_id(name)


def test_a_huge_integer_is_no_trouble() -> None:
    assert text_of(10**5000, id_like=True) is not None
