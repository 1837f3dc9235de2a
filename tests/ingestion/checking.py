"""Runs `manage.py check_events` as the tests of its nouns do, over events that leak."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests.factories import event_dict

ROOT = Path(__file__).resolve().parents[2]
MAP = "version: 1\nworkflow: checkout\nmust_be_clear:\n  - {path: $.discount, at: LoadCart.exit}\n"


def check(*args: Any) -> tuple[int, str]:
    """The exit code, and what was written to the standard output."""
    out = StringIO()
    try:
        call_command("check_events", *map(str, args), stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def report(*args: Any) -> dict[str, Any]:
    """The answer as JSON."""
    said: dict[str, Any] = json.loads(check(*args, "--format", "json")[1])
    return said


def check_outside(*args: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The same in a process of its own, with no setting, no database and no broker."""
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    command = [sys.executable, "manage.py", "check_events", *map(str, args)]
    return subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, check=False, **options)


def lines(events: list[Any]) -> bytes:
    """One event a line."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def leak(**fields: Any) -> list[dict[str, Any]]:
    """Run r-2 of session s-2 holds the session of r-1; `fields` are those of both events."""
    first = {"run_id": "r-1", "session": "s-1", "occurred_at": "2026-11-20T10:00:00Z"}
    second = {"run_id": "r-2", "session": "s-2", "occurred_at": "2026-11-20T10:01:00Z"}
    return [event_dict(**{"context": {"session_id": "s-1"}, **one, **fields}) for one in (first, second)]


def warning(**fields: Any) -> dict[str, Any]:
    """An event whose only anomaly is a warning: the context is too large."""
    return event_dict(**{"run_id": "r-9", "context": {"rows": "x" * 1_100_000}, **fields})
