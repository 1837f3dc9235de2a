"""What to paste into a terminal or a program to send a first event."""

from __future__ import annotations

NO_KEY = "YOUR_KEY"


def curl(base_url: str, token: str = "") -> str:
    """Give a command for a POSIX shell that sends one valid event, each time with the time of its sending.

    `base_url` ends without a slash. Source: contract of `POST /api/v1/events`.
    """
    return (
        f"curl -sS {base_url}/api/v1/events \\\n"
        f'  -H "Authorization: Bearer {token or NO_KEY}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"workflow": "hello", "run_id": "hello-1",\n'
        '       "step": "Start", "phase": "exit",\n'
        '       "occurred_at": "\'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"\'",\n'
        '       "context": {"session_id": "s-1"}}\'\n'
    )


def python(base_url: str, token: str = "") -> str:
    """Give the same for Python 3.11 and its standard library alone."""
    return f'''import json, urllib.request
from datetime import datetime, timezone

event = {{
    "workflow": "hello",
    "run_id": "hello-1",
    "step": "Start",
    "phase": "exit",
    "occurred_at": datetime.now(timezone.utc).isoformat(),
    "context": {{"session_id": "s-1"}},
}}
request = urllib.request.Request(
    "{base_url}/api/v1/events",
    data=json.dumps(event).encode(),
    headers={{"Authorization": "Bearer {token or NO_KEY}", "Content-Type": "application/json"}},
)
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.read().decode())
'''
