"""A small webhook receiver: verifies each signature by the Standard Webhooks library and keeps what came."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(slots=True)
class Received:
    """What came: messages with a right signature by their id, and how many had a wrong one."""

    verified: dict[str, Any] = field(default_factory=dict)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Receiver:
    """Listens on a free loopback port for the length of a block."""

    def __init__(self, secret: str) -> None:
        self.received = Received()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(Webhook(secret), self.received))
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhook receiver", daemon=True)

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self._server.server_port}/crosstalk"

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(webhook: Webhook, received: Received) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """Verifies and keeps; 401 for a wrong signature."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                message = webhook.verify(body, headers)
            except WebhookVerificationError:
                with received.lock:
                    received.refused += 1
                self._answer(401)
                return
            with received.lock:
                received.verified[headers["webhook-id"]] = message
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            """Says nothing: the summary says what came."""

    return Handler
