"""A project of the running stack, the people in it, and the leaks that its programs post."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from monitor.models import Project
from tests.factories import make_api_key, make_project, make_user
from tests.reliability.stack import Stack, until

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Leak:
    """The run that a value came from, the run that it stands in, the value, and the Redis key that carried it."""

    source: str
    victim: str
    value: str
    key: str


@dataclass(frozen=True)
class Shop:
    """A project with an admin; `stack` talks to the API with a key of this project."""

    project: Project
    admin: User
    stack: Stack

    @classmethod
    def of(cls, stack: Stack, *, name: str = "Shop") -> Shop:
        project = make_project(name=name, now=timezone.now())
        admin = make_user(project=project, role="admin", now=timezone.now())
        # The test run's own hasher is one that the served program rightly refuses.
        admin.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
        admin.save()
        _, token = make_api_key(project=project, now=timezone.now())
        return cls(project, admin, replace(stack, token=token))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.stack.port}"

    def session_of(self, user: User) -> dict[str, str]:
        """A cookie of the served program for somebody who is signed in."""
        client = Client()
        with override_settings(SECRET_KEY=self.stack.processes["web"].env["SECRET_KEY"]):
            client.force_login(user)
        return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}

    def post(self, *events: dict[str, Any]) -> None:
        status, answer = self.stack.ask("POST", "/api/v1/events", "\n".join(map(json.dumps, events)).encode())
        assert (status, answer.get("rejected")) == (202, []), answer

    def settle(self) -> None:
        """Returns once everything posted has been judged and everybody told."""
        until(self.stack.settled, seconds=30, what="events or alerts are still pending")

    def api(self, path: str, *, method: str = "GET", **body: Any) -> Any:
        content = json.dumps(body).encode() if method == "POST" else None
        status, answer = self.stack.ask(method, f"/api/v1{path}", content)
        assert status == 200, (status, answer)
        return answer

    def leak(self, *, n: int = 1, workflow: str = "checkout", value: str = "", **context: Any) -> Leak:
        """A cart of session `value` enters a run of another session through a shared Redis key, and stays."""
        value = value or f"s-1-{n}"
        leak = Leak(f"add-to-cart-{n}", f"{workflow}-{n}", value, f"cart:current:{value}")
        now = datetime.now(UTC)
        owner = {"workflow": "cart", "run_id": leak.source, "session": value, "step": "AddItems"}
        cart = {"id": f"c-{n}", "session_id": value, "items": ["tea"]}
        own = {"session_id": f"s-2-{n}", **context}
        guest = {"workflow": workflow, "run_id": leak.victim, "session": f"s-2-{n}", "tenant": "emea"}
        mixed = {**own, "cart": cart}
        self.post(
            {**owner, **_at(now, -60), "phase": "enter", "context": {"session_id": value}},
            {
                **owner, **_at(now, -50), "phase": "exit", "context": {"session_id": value, "cart": cart},
                "accesses": [_access("write", leak.key)], "final": True,
            },
            {**guest, **_at(now, -10), "step": "LoadCart", "phase": "enter", "context": own},
            {
                **guest, **_at(now, -9), "step": "LoadCart", "phase": "exit", "context": mixed,
                "accesses": [_access("read", leak.key)],
            },
            {**guest, **_at(now, -8), "step": "Pay", "phase": "enter", "context": mixed},
            {**guest, **_at(now, -7), "step": "Pay", "phase": "exit", "context": mixed, "final": True},
        )  # fmt: skip
        return leak


def _at(now: datetime, seconds: float) -> dict[str, str]:
    return {"occurred_at": (now + timedelta(seconds=seconds)).isoformat()}


def _access(op: str, key: str) -> dict[str, str]:
    return {"store": "redis", "op": op, "key": key}
