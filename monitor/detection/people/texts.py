"""The text that a leaf's value compares by, where people can be told apart by it at all.

Source: FOREIGN-VALUE.md, "Silent" and step 1 of its algorithm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from monitor.detection.values import FINGERPRINT, is_fingerprint, number_text

MIN_CHARS = 3
_CURRENCIES = frozenset({
    "aud", "brl", "cad", "chf", "cny", "czk", "dkk", "eur", "gbp", "hkd", "huf", "idr", "ils", "inr", "jpy",
    "krw", "mxn", "myr", "nok", "nzd", "php", "pln", "ron", "rub", "sek", "sgd", "thb", "try", "twd", "usd", "zar",
})  # fmt: skip
_NUMBER = re.compile(r"[+-]?\d[\d.,']*")
_DECIMAL = r"[+-]?(?:\d+[.,]\d+|\d{1,3}(?:[,.']\d{3})+(?:[.,]\d+)?)(?:e[+-]?\d+)?"
_DATE = (
    r"\d{4}-\d{2}(?:-\d{2})?(?:[t ]\d{2}(?::?\d{2}){0,2}(?:[.,]\d+)?(?: ?z| ?[+-]\d{2}(?::?\d{2})?)?)?"
    r"|\d{1,4}[./]\d{1,2}[./]\d{1,4}(?: \d{1,2}:\d{2}(?::\d{2})?)?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?"
)
_ADDRESS = (
    r"(?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d+)?"
    r"|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:/\d+)?"
    r"|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}"
)
_IS_ADDRESS = re.compile(_ADDRESS)
_IS_NOBODYS = re.compile(f"{_DECIMAL}|{_DATE}|{_ADDRESS}")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ID_WORDS = frozenset({"id", "ids", "uid", "uuid", "guid", "no", "nr", "number", "ref", "key", "iban"})


def names_an_id(name: str) -> bool:
    """Whether a key is named like an id (`id`, `customer_id`, `orderId`, `tracking_no`): its integers count."""
    words = _WORDS.findall(name)
    return bool(words) and words[-1].lower() in _ID_WORDS


def comparable(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether anything follows where two sets of texts differ: not between plain values and fingerprints."""
    kinds = {is_fingerprint(text) for text in one}
    return any(is_fingerprint(text) in kinds for text in other)


def text_of(value: Any, *, id_like: bool) -> str | None:
    """The text a leaf's value compares by, or None for a value that is nobody's.

    Text is trimmed, NFC and case-folded; a fingerprint stands as it is. Nobody's are booleans,
    decimals, amounts, dates and times, machine addresses, text under 3 characters, and integers,
    also those written as text, except at a key named like an id. Source: FOREIGN-VALUE.md, "Silent".
    """
    if type(value) is str:
        return value if value[:3] == FINGERPRINT else _written(value, id_like=id_like)
    if id_like and isinstance(value, int) and not isinstance(value, bool):
        return number_text(value)
    return None


def _written(value: str, *, id_like: bool) -> str | None:
    text = value.strip().casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFC", value.strip()).casefold()
    if len(text) < MIN_CHARS or _is_nobodys(text):
        return None
    if not id_like and text.removeprefix("-").isdecimal():
        return None
    return text


def _is_nobodys(text: str) -> bool:
    """Whether it is a decimal, an amount, a date or time, or a machine address."""
    if text[0].isalpha():
        if ":" in text or text[2] == "-":
            return _IS_ADDRESS.fullmatch(text) is not None
        return text[:3] in _CURRENCIES and _NUMBER.fullmatch(text, 4 if text[3:4] == " " else 3) is not None
    return _is_amount(text) or _IS_NOBODYS.fullmatch(text) is not None


def _is_amount(text: str) -> bool:
    """Whether it is a number with a currency or a percent sign, before or after it."""
    if text[-3:] in _CURRENCIES:
        number = text[:-3]
    elif _is_unit(text[-1]):
        number = text[:-1]
    elif _is_unit(text[0]):
        number = text[1:]
    else:
        return False
    return _NUMBER.fullmatch(number.strip()) is not None


def _is_unit(char: str) -> bool:
    return char == "%" or unicodedata.category(char) == "Sc"
