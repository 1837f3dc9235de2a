"""The signed webhook."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from monitor.channels.webhook import check_secret, new_secret, outcome, retry_after_seconds, sign
from tests.factories import NOW


def test_a_receiver_with_the_library_verifies_it() -> None:
    secret, payload = new_secret(), {"type": "incident.opened", "data": {"title": "Sitzung „s-1“ ✓"}}
    signed = sign(secret=secret, message_id="msg-1", payload=payload, now=datetime.now(UTC))
    assert Webhook(secret).verify(signed.body, signed.headers) == payload
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(signed.body, signed.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(signed.body + b" ", signed.headers)


def test_one_message_is_signed_alike_at_each_try() -> None:
    arguments = {"secret": new_secret(), "message_id": "msg-1", "payload": {"b": 1, "a": 2}, "now": NOW}
    assert sign(**arguments) == sign(**arguments)
    assert sign(**arguments).headers["webhook-id"] == "msg-1"


def test_secrets_are_long_and_of_the_known_form() -> None:
    assert new_secret() != new_secret()
    assert check_secret(new_secret())
    for wrong in ("", "whsec_", "whsec_c2hvcnQ=", "plain", "whsec_§§§", new_secret().removeprefix("whsec_")):
        with pytest.raises(ValueError, match="whsec_"):
            check_secret(wrong)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *((status, "delivered") for status in (200, 201, 202, 204, 299)),
        *((status, "passing") for status in (None, 408, 425, 429, 500, 502, 503, 504, 599)),
        *((status, "permanent") for status in (301, 302, 304, 307, 400, 401, 403, 404, 405, 410, 413, 422)),
    ],
)
def test_what_an_answer_means(status: int | None, meaning: str) -> None:
    assert outcome(status) == meaning


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("Fri, 20 Nov 2026 10:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_as_seconds_or_as_a_date(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, now=NOW) == seconds
