"""Well-known secrets: by the name of the member that holds them, and by what they look like."""

from __future__ import annotations

import re
from collections.abc import Callable

from monitor.detection.identity import DEFAULT_NAMES

NAMES = frozenset({
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "clientsecret", "secretkey", "signingkey",
    "privatekey", "apikey", "xapikey", "accesskey", "accesstoken", "refreshtoken", "idtoken", "authtoken",
    "bearertoken", "token", "authorization", "proxyauthorization", "cookie", "setcookie", "credentials",
})  # fmt: skip
"""Names whose texts are secrets, without case and separators."""
NUMBERS = frozenset({
    "pin", "pincode", "cvv", "cvc", "cvv2", "cvc2", "securitycode", "cardnumber", "creditcard", "creditcardnumber",
    "pan", "ssn", "otp", "onetimepassword",
})  # fmt: skip
"""The same for texts and numbers."""
ENDINGS = ("password", "passphrase", "secret", "apikey", "privatekey", "accesstoken", "refreshtoken", "authtoken")
MOST_NAMES = 20_000
MIN_CARD_DIGITS, MAX_CARD_DIGITS = 14, 19
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_PATTERNS = re.compile(
    r"(?P<card>(?<![0-9A-Za-z.+-])(?:"
    r"[2-6][0-9]{13,18}"  # as one number
    r"|[2-6][0-9]{3}(?P<gap>[ -])[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{2,7}"  # in fours
    r"|3[0-9]{3}(?P<wide>[ -])[0-9]{6}(?P=wide)[0-9]{4,5}"  # as American Express and Diners write it
    r")(?![0-9A-Za-z-]))"
    r"|eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"  # JSON Web Token
    r"|\b[Bb]earer [A-Za-z0-9._~+/-]{8,}=*"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # Amazon Web Services
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{30,})"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"  # Stripe
    r"|\bAIza[\w-]{35}"  # Google
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_MARKS = (
    b"eyJ", b"earer ", b"AKIA", b"ASIA", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-",
    b"npm_", b"xox", b"k_live_", b"k_test_", b"AIza", b"PRIVATE KEY",
)  # fmt: skip
"""Every pattern but a card number holds one of these."""
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_ZEROS = b"0" * MIN_CARD_DIGITS
_ISSUERS = re.compile(
    r"4|5[1-5]|2(?:2[2-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[68])|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8])"
)


class _Kinds(dict[str, str]):
    """What the name of a member says of its value, worked out once for each name.

    "own": whose the context is. "text": texts are secrets. "any": numbers are too. "": nothing.
    """

    def __missing__(self, name: str) -> str:
        if len(self) >= MOST_NAMES:
            self.clear()
        kind = self[name] = _kind_of_name(name)
        return kind


KINDS = _Kinds()


def _kind_of_name(name: str) -> str:
    if name in DEFAULT_NAMES:
        return "own"
    plain = _SEPARATORS.sub("", name.lower())
    if plain in NUMBERS:
        return "any"
    return "text" if plain in NAMES or plain.endswith(ENDINGS) else ""


def may_look_secret(text: bytes) -> bool:
    """Whether something in a JSON text may match a pattern: quickly, and seldom without reason."""
    if _ZEROS in text.translate(_AS_ZEROS, b" -"):
        return True
    return any(mark in text for mark in _MARKS)


def hide_patterns(text: str, hide: Callable[[str], str]) -> str:
    """The text with what looks like a secret replaced by what `hide` gives for it."""
    return _PATTERNS.sub(lambda found: hide(found[0]) if _is_secret(found) else found[0], text)


def is_card_number(digits: str) -> bool:
    """Whether 14 to 19 digits begin like a payment card's and pass the Luhn check (ISO/IEC 7812)."""
    if not MIN_CARD_DIGITS <= len(digits) <= MAX_CARD_DIGITS or _ISSUERS.match(digits) is None:
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _is_secret(found: re.Match[str]) -> bool:
    card = found["card"]
    return card is None or is_card_number(card.replace(" ", "").replace("-", ""))
