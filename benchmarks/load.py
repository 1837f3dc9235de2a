"""The load of the benchmarks: realistic runs of two workflows, interleaved, one in 200 with another's data in it.

A run is 10 events: five steps, enter and exit. A context has about 35 fields in about 2 KB of names,
addresses, ids, items and money (seeded faker); each step changes three of them. `checkout` has a map,
`reorder` has none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from faker import Faker

STEPS = ("Receive", "PriceCart", "Reserve", "Charge", "Confirm")
RUN_EVENTS = 2 * len(STEPS)
INTERLEAVED = 50
"""So many runs are under way at the same time."""
BATCH_EVENTS = INTERLEAVED * RUN_EVENTS
LEAKS_ONE_IN = 200
FIRST_LEAK = 120
"""What tells people apart must have been seen for some tens of runs."""
PEOPLE = 500
SEED, SECOND = "@SEED@", "@THE-SECOND-IT-IS@@"
"""What stands in templates for the seed and the time; of the same lengths."""
MAPPED, UNMAPPED = "checkout", "reorder"
MAP = """\
version: 1
workflow: checkout
identity: {session: [$.session_id]}
private: [$.customer.email, $.customer.phone]
"""
EXPECTED_RULES = frozenset({"foreign-session", "foreign-value"})


@dataclass(slots=True)
class Load:
    """So many runs; `seed` is part of every id and of every person's data, `second` the time of the first ones.

    Each further INTERLEAVED runs occur a second later, unless `second` is no time (`Templates`). After `events`
    was walked through, `leaking` are the ids of the runs that show another run's session and private value.
    """

    runs: int
    seed: str = "000001"
    second: str = "2026-11-20T10:00:00"
    leaking: set[str] = field(default_factory=set)

    def events(self) -> Iterator[dict[str, Any]]:
        """All events, INTERLEAVED runs at a time, in the order of time."""
        for first in range(0, self.runs, INTERLEAVED):
            numbers = range(first, min(first + INTERLEAVED, self.runs))
            second = self.second if self.second == SECOND else _later(self.second, first // INTERLEAVED)
            group = [self._run(number, second) for number in numbers]
            for place in range(RUN_EVENTS):
                yield from (run[place] for run in group)

    def batches(self, size: int) -> Iterator[bytes]:
        """The same as NDJSON bodies of `size` events."""
        encode, lines = msgspec.json.encode, []
        for event in self.events():
            lines.append(encode(event))
            if len(lines) == size:
                yield b"\n".join(lines)
                lines = []
        if lines:
            yield b"\n".join(lines)

    def _run(self, number: int, second: str) -> list[dict[str, Any]]:
        dice = random.Random(number)
        run_id, session = f"r-{self.seed}-{number:06d}", f"s-{self.seed}-{number:06d}"
        context = _order(number, self.seed, session, dice)
        leaks = number % LEAKS_ONE_IN == FIRST_LEAK
        if leaks:
            self.leaking.add(run_id)
        workflow = MAPPED if number // INTERLEAVED % 2 else UNMAPPED
        found = []
        for place in range(RUN_EVENTS):
            step, is_exit = STEPS[place // 2], place % 2 == 1
            if is_exit:
                context = _stepped(context, step, place, dice)
                if leaks and step == "PriceCart":
                    context = _leaked(context, number - 1 - dice.randrange(20), self.seed)
            found.append(
                {
                    "event_id": f"{run_id}-{place}",
                    "occurred_at": f"{second}.{number % INTERLEAVED * RUN_EVENTS + place:06d}Z",
                    "workflow": workflow,
                    "run_id": run_id,
                    "step": step,
                    "phase": "exit" if is_exit else "enter",
                    "sequence": place,
                    "session": session,
                    "final": place == RUN_EVENTS - 1,
                    "context": context,
                }
            )
        return found


def _later(second: str, seconds: int) -> str:
    return (datetime.fromisoformat(second) + timedelta(seconds=seconds)).isoformat()


class Templates:
    """Bodies of BATCH_EVENTS that are made once and sent again and again as new runs, at no cost worth naming."""

    def __init__(self, runs: int) -> None:
        load = Load(runs, seed=SEED, second=SECOND)
        self._bodies = list(load.batches(BATCH_EVENTS))
        self._leaking = sorted(load.leaking)
        self._sent = 0

    def take(self, bodies: int) -> list[bytes]:
        """So many further bodies, with ids of their own and the present second."""
        return [self._next() for _ in range(bodies)]

    def _next(self) -> bytes:
        epoch, place = divmod(self._sent, len(self._bodies))
        self._sent += 1
        second = datetime.now(UTC).isoformat()[: len(SECOND)]
        body = self._bodies[place].replace(SEED.encode(), f"{epoch + 1:06d}".encode())
        return body.replace(SECOND.encode(), second.encode())

    @property
    def leaking(self) -> set[str]:
        """The ids of the leaking runs among those that were given out."""
        whole, part = divmod(self._sent, len(self._bodies))
        runs = part * INTERLEAVED
        found = {one.replace(SEED, f"{epoch:06d}") for epoch in range(1, whole + 1) for one in self._leaking}
        begun = {one.replace(SEED, f"{whole + 1:06d}") for one in self._leaking if int(one[-6:]) < runs}
        return found | begun


@cache
def _people() -> list[dict[str, Any]]:
    fake = Faker(["en_US", "de_DE", "fr_FR"])
    fake.seed_instance(1)
    return [
        {
            "name": fake.name(),
            "email": fake.email(),
            "address": {
                "street": fake.street_address(),
                "city": fake.city(),
                "postcode": fake.postcode(),
                "country": fake.country_code(),
            },
            "agent": fake.user_agent(),
            "note": fake.sentence(12),
            "terms": fake.text(1060),
        }
        for _ in range(PEOPLE)
    ]


def _customer(number: int, seed: str) -> dict[str, Any]:
    """One person a run: nobody comes back, so that every shared value is a leak or a namesake."""
    person = _people()[number % PEOPLE]
    name, _, domain = person["email"].partition("@")
    return {
        "id": f"c-{seed}-{number:06d}",
        "name": person["name"],
        "email": f"{name}.{seed}.{number}@{domain}",
        "phone": f"{seed}{number:05d}",
        "tier": ("gold", "silver", "basic")[number % 3],
        "address": person["address"],
    }


def _order(number: int, seed: str, session: str, dice: random.Random) -> dict[str, Any]:
    customer, person = _customer(number, seed), _people()[number % PEOPLE]
    items: list[dict[str, Any]] = [
        {
            "sku": f"sku-{dice.randrange(400):04d}",
            "title": f"{dice.choice(('Lamp', 'Chair', 'Desk', 'Shelf', 'Rug'))} {dice.choice('ABCDEFGH')}",
            "quantity": dice.randint(1, 4),
            "price": round(dice.uniform(5, 400), 2),
        }
        for _ in range(2)
    ]
    total = round(sum(item["quantity"] * item["price"] for item in items), 2)
    return {
        "session_id": session,
        "input": {"login_email": customer["email"], "channel": "web", "locale": "en-GB", "agent": person["agent"]},
        "customer": customer,
        "cart": {"id": f"cart-{seed}-{number:06d}", "currency": "EUR", "items": items, "total": total,
                 "discount": 0.0},
        "delivery": {"method": dice.choice(("post", "courier", "pickup")), "instructions": person["note"]},
        "payment": {"holder": customer["name"], "amount": total, "method": "card", "status": "none"},
        "state": {"stage": "new", "attempts": 0, "trace": f"{dice.getrandbits(128):032x}"},
        "terms": person["terms"],
    }  # fmt: skip


def _stepped(context: dict[str, Any], step: str, place: int, dice: random.Random) -> dict[str, Any]:
    """The context as the step leaves it: three fields of it have changed."""
    state = {"stage": step, "attempts": place, "trace": f"{dice.getrandbits(128):032x}"}
    return {**context, "state": state}


def _leaked(context: dict[str, Any], other: int, seed: str) -> dict[str, Any]:
    """With the session and the address of another run's person, as from a cache with too wide a key."""
    customer = {**context["customer"], "email": _customer(other, seed)["email"]}
    return {**context, "customer": customer, "cart": {**context["cart"], "session_id": f"s-{seed}-{other:06d}"}}
