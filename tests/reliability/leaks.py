"""Runs with known leaks, as a sender would post them: the same seed gives the same events."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STEPS = ("LoadCart", "Price", "Pay", "Pack", "Confirm")
MAP = """
version: 1
workflow: checkout
inputs: [session_id, execution_id, order]
must_be_clear:
  - {path: $.discount, at: LoadCart.enter}
"""


def leaking_runs(*, runs: int, seed: int, start: datetime = START) -> list[dict[str, Any]]:
    """`runs` runs of 10 events in the order of time; one in four leaks, each in its own way.

    A cart read from a shared key, a discount left by an earlier run, an id lost, an id of the
    parent, a session of a run at work at the same time.
    """
    chance = random.Random(seed)
    events: list[dict[str, Any]] = []
    for number in range(runs):
        began = start + timedelta(seconds=3 * number + chance.random())
        events += _run(number, began, _Leak(number, chance), chance)
    return sorted(events, key=lambda event: event["occurred_at"])


class _Leak:
    """What goes wrong in a run, and from which step on."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.kind = number // 4 % 5 if number % 4 == 3 else None
        self.owner = number - chance.choice([1, 2]) if number > 2 else 0
        self.step = chance.randrange(1, 4)

    def spoil(self, context: dict[str, Any], step: int, phase: str) -> dict[str, Any]:
        """The context as the bug leaves it."""
        if self.kind is None or step < self.step:
            if self.kind == 1:
                context["discount"] = {"code": f"D-{self.owner}", "percent": 10}
            return context
        if self.kind == 0:
            context["session_id"] = f"s-{self.owner}"
        elif self.kind == 2:
            del context["session_id"]
        elif self.kind == 3:
            context["execution_id"] = f"x-{self.owner}"
        elif self.kind == 4:
            context["cart"] = {"session_id": f"s-{self.owner}", "items": [self.owner, step]}
        return context


def _run(number: int, began: datetime, leak: _Leak, chance: random.Random) -> list[dict[str, Any]]:
    events = []
    at = began
    for step, name in enumerate(STEPS):
        for phase in ("enter", "exit"):
            at += timedelta(milliseconds=chance.randrange(50, 900))
            context: dict[str, Any] = {"session_id": f"s-{number}", "execution_id": f"x-{number}", "order": number}
            if step >= 2 and number % 4 != 3:
                context["discount"] = {"code": f"D-{number}", "percent": 10}
            events.append(
                {
                    "event_id": f"r-{number}:{name}:{phase}",
                    "occurred_at": at.isoformat().replace("+00:00", "Z"),
                    "workflow": "checkout",
                    "run_id": f"r-{number}",
                    "step": name,
                    "phase": phase,
                    "session": f"s-{number}",
                    "execution_id": f"x-{number}",
                    "final": (step, phase) == (len(STEPS) - 1, "exit"),
                    "context": leak.spoil(context, step, phase),
                    "accesses": _accesses(number, step, phase),
                    **({"parent_run_id": f"r-{leak.owner}"} if leak.kind in {2, 3} else {}),
                }
            )
    return events


def _accesses(number: int, step: int, phase: str) -> list[dict[str, Any]]:
    if phase == "exit" and step == 0:
        return [{"store": "redis", "op": "write", "key": "cart:current"}]
    if phase == "enter" and step == 1:
        return [{"store": "redis", "op": "read", "key": "cart:current"}]
    return []
