"""A sender and reader of the HTTP API, as any program would write one."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

import zstandard

BATCH_EVENTS = 200
_PATIENCE_TRIES = 20
_LONGEST_PAUSE_SECONDS = 5.0


class Refused(Exception):
    """The API answered with a problem; the text is what it said."""


class Client:
    """Speaks to one Crosstalk with one key; waits when it is told that there is too much at once."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._key = key
        self._pause = threading.Event()

    def send(self, events: Sequence[dict[str, Any]]) -> int:
        """Posts events as zstd-compressed NDJSON and returns how many were accepted or known already."""
        lines = "\n".join(json.dumps(event, separators=(",", ":")) for event in events)
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "zstd"}
        answer = self._call("POST", "/api/v1/events", zstandard.compress(lines.encode()), headers)
        if answer["rejected"]:
            raise Refused(f"an event was refused: {answer['rejected'][0]}")
        return int(answer["accepted"]) + int(answer["duplicates"])

    def put_map(self, workflow: str, text: str) -> None:
        """Sets a workflow's context map."""
        path = f"/api/v1/workflows/{urllib.parse.quote(workflow, safe='')}/map"
        self._call("PUT", path, text.encode(), {"Content-Type": "application/yaml"})

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """One JSON answer."""
        return self._call("GET", f"{path}?{urllib.parse.urlencode(query)}" if query else path)

    def every(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """All items of a list, page after page."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if not page["next"]:
                return
            query["cursor"] = page["next"]

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        for _ in range(_PATIENCE_TRIES):
            request = urllib.request.Request(  # noqa: S310 - our own http address
                self._address + path,
                method=method,
                data=body,
                headers={"Authorization": f"Bearer {self._key}", **(headers or {})},
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own http address
                    return dict(json.loads(answer.read() or b"{}"))
            except urllib.error.HTTPError as error:
                if error.code not in {429, 503}:
                    raise Refused(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from error
                self._pause.wait(min(float(error.headers.get("Retry-After", 1)), _LONGEST_PAUSE_SECONDS))
        raise Refused(f"{method} {path}: still refused after {_PATIENCE_TRIES} tries")
