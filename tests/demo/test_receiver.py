"""The demo's receiver takes what is rightly signed and refuses the rest."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from monitor.channels.webhook import new_secret
from monitor.management.demo.receiver import Receiver


def post(url: str, secret: str, message: str, message_id: str = "msg_1") -> int:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, message),
    }
    request = urllib.request.Request(url, data=message.encode(), headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return int(answer.status)


def test_a_right_signature_is_kept_once_by_its_id() -> None:
    secret, message = new_secret(), {"type": "incident.opened", "data": {"key": "INC-1"}}
    with Receiver(secret) as receiver:
        for _ in range(2):
            assert post(receiver.url, secret, json.dumps(message)) == 204
        assert receiver.received.verified == {"msg_1": message}
        assert receiver.received.refused == 0


def test_a_wrong_signature_is_refused_and_counted() -> None:
    with Receiver(new_secret()) as receiver:
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            post(receiver.url, new_secret(), "{}")
        caught.value.close()
        assert receiver.received.verified == {}
        assert receiver.received.refused == 1
