"""A shop's runs for benchmarks: people who return, households, orders, and now and then a leak."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.detection.event import Event

BEGIN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
STEPS = ("Receive", "LoadCustomer", "Reserve", "Charge", "Confirm")
EVENTS_A_RUN = 2 * len(STEPS)
RETURNING = 0.15
LEAKING = 0.005
_CITIES = ("Berlin", "Hamburg", "Munich", "Cologne", "Leipzig")


def runs(count: int, *, seed: int = 1) -> Iterator[list[Event]]:
    """So many runs of ten events each, in the order of time; one in 200 shows the customer of the run before."""
    dice = random.Random(seed)
    before = _person(0)
    for number in range(count):
        person = _person(dice.randrange(number) if number and dice.random() < RETURNING else number)
        shown = before if dice.random() < LEAKING else person
        yield _run(number, person, shown, dice)
        before = person


def _person(number: int) -> dict[str, Any]:
    return {
        "id": f"c-{number:06d}",
        "name": f"Person {number} Of {number // 3}",
        "email": f"person{number}@example.org",
        "phone": f"+49 30 {number:07d}",
        "tier": ("gold", "silver", "basic")[number % 3],
        "address": {"street": f"Street {number // 2}", "city": _CITIES[number % 5], "postcode": "10115"},
    }


def _run(number: int, person: dict[str, Any], shown: dict[str, Any], dice: random.Random) -> list[Event]:
    session, run_id = f"s-{number:06d}", f"r-{number:06d}"
    at = BEGIN + timedelta(seconds=2 * number)
    context: dict[str, Any] = {
        "session_id": session,
        "input": {"login_email": person["email"], "channel": "web"},
        "cart": [{"sku": f"sku-{dice.randrange(300)}", "qty": 1, "price": 9.5} for _ in range(3)],
    }
    added: list[dict[str, Any]] = [
        {},
        {"customer": shown},
        {"reservation": {"id": f"v-{number}"}},
        {"payment": {"id": f"p-{number}"}},
        {"notification": {"to": person["email"], "text": "Thank you"}},
    ]
    found: list[Event] = []
    for place, step in enumerate(STEPS):
        for phase in ("enter", "exit"):
            if phase == "exit":
                context.update(deepcopy(added[place]))
            found.append(
                Event(
                    event_id=f"{run_id}/{step}.{phase}",
                    occurred_at=at + timedelta(milliseconds=40 * len(found)),
                    workflow="checkout",
                    run_id=run_id,
                    step=step,
                    phase=phase,
                    context=deepcopy(context),
                    sequence=len(found),
                    session=session,
                    final=len(found) == EVENTS_A_RUN - 1,
                )
            )
    return found
