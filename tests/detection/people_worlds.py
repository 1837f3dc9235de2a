"""Seeded worlds of people whose sessions run through one shop: what is theirs is known, and what leaked is too."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.maps import parse_map
from monitor.detection.people.findings import ForeignLeaf
from monitor.detection.people.project import foreign_values
from monitor.detection.project import InMemory, Project
from monitor.detection.runs import Run
from tests.detection.samples import event

FIRST = (
    "Anna", "Bernd", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Lars", "Mia",
    "Noah", "Olga", "Paul", "Rosa", "Tina",
)  # fmt: skip
LAST = (
    "Adler", "Baum", "Conrad", "Dietz", "Ebert", "Frank", "Gross", "Huber", "Iversen", "Jung", "Kaiser", "Lang",
    "Meier", "Otto", "Peters", "Quast",
)  # fmt: skip
CITIES = ("Berlin", "Hamburg", "Munich", "Cologne", "Leipzig", "Dresden", "Bremen", "Essen")
GOODS = ("Beans", "Kettle", "Mug", "Scale", "Filter", "Dripper", "Grinder")
PROFILE = ("id", "name", "email", "phone")


@dataclass(slots=True, eq=False)
class Person:
    """Somebody with what is theirs."""

    id: str
    name: str
    email: str
    phone: str
    street: str
    city: str
    iban: str
    code: str
    org: int

    def profile(self) -> dict[str, Any]:
        """What a profile service answers."""
        address = {"street": self.street, "city": self.city, "postcode": "10115"}
        return {"id": self.id, "name": self.name, "email": self.email, "phone": self.phone, "address": address}


@dataclass(frozen=True, slots=True)
class Traits:
    """What is peculiar about a world: rates are shares of its runs, all of them harmless but those of `leak`."""

    people: int = 0
    """Few people for many sessions return; 0 stands for one session each."""
    households: bool = False
    namesakes: bool = False
    agents: bool = False
    orgs: bool = False
    referrals: bool = False
    gifts: float = 0.0
    payees: float = 0.0
    copies: bool = False
    """Order confirmations go to people outside, too."""
    greetings: bool = True
    leak: str = ""
    """stale, cache, reply or default: how values get into other runs; with `rate`."""
    rate: float = 0.15


@dataclass(slots=True)
class World:
    """One world, run through: its events, and the leaves that are foreign as (run id, event id, path)."""

    dice: random.Random
    traits: Traits
    sessions: int
    events: list[Event] = field(default_factory=list)
    foreign: set[tuple[str, str, str]] = field(default_factory=set)
    people: list[Person] = field(default_factory=list)
    outside: list[Person] = field(default_factory=list)
    now: float = 0.0
    worker: tuple[Person, dict[str, Any]] | None = None
    default: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, seed: int, sessions: int, traits: Traits) -> World:
        """A world with its events; the same for the same arguments."""
        world = cls(random.Random(f"{seed}/{sessions}/{traits}"), traits, sessions)
        names = world.dice.sample([f"{one} {other}" for one in FIRST for other in LAST], 280)
        world.people = [world._person(names, number) for number in range(traits.people or sessions)]
        world.outside = [world._person(names, 1000 + number) for number in range(50)]
        for number in range(sessions):
            person = world.dice.choice(world.people) if traits.people else world.people[number]
            world._run(person, number)
        return world

    def _person(self, names: list[str], number: int) -> Person:
        dice, before = self.dice, self.people[-1] if self.people else None
        name = before.name if before and self.traits.namesakes and dice.random() < 0.2 else names.pop()
        shared = before if before and self.traits.households and number % 3 == 1 else None
        return Person(
            id=f"cus_{dice.getrandbits(40):010x}",
            name=name,
            email=f"{name.lower().replace(' ', '.')}{number}@example.com",
            phone=shared.phone if shared else f"+49 {dice.randint(150, 179)} {dice.randint(10**6, 10**7 - 1)}",
            street=shared.street if shared else f"{dice.choice(GOODS)} Street {dice.randint(1, 900)}",
            city=shared.city if shared else dice.choice(CITIES),
            iban=f"DE{dice.randint(10**19, 10**20 - 1)}",
            code=f"REF-{dice.getrandbits(24):06X}",
            org=dice.randrange(6),
        )

    def _emit(self, run: str, moment: str, context: dict[str, Any], foreign: Iterable[str]) -> None:
        self.now += self.dice.uniform(0.01, 0.1)
        name = f"{run}/{moment}"
        shot = deepcopy(context)
        self.events.append(
            event(moment, shot, at=self.now, run_id=run, event_id=name, session=context["session_id"])
        )
        self.foreign.update((run, name, path) for path in foreign)

    def _run(self, person: Person, number: int) -> None:
        dice, run = self.dice, f"run-{number}"
        context: dict[str, Any] = {
            "session_id": f"s-{number}-{dice.getrandbits(32):08x}",
            "input": {
                "customer_id": person.id,
                "login_email": person.email,
                "channel": dice.choice(["web", "app"]),
            },
            "request": {"trace_id": f"{dice.getrandbits(64):016x}", "ip": f"10.0.0.{dice.randint(1, 254)}"},
        }
        leaking = dice.random() < self.traits.rate
        foreign: list[str] = []
        if self.traits.leak == "stale" and leaking and self.worker and self.worker[0] is not person:
            context["customer"], foreign = self.worker[1], _profile_paths()
        self._emit(run, "Load.enter", context, foreign)
        context["customer"], foreign = person.profile(), []
        if self.traits.leak in ("cache", "reply") and leaking and self.worker and self.worker[0] is not person:
            context["customer"], foreign = self.worker[1], _profile_paths()
        self.worker = person, person.profile()
        self._add_traits(person, context)
        self._emit(run, "Load.exit", context, foreign)
        foreign += self._order(person, context, leaking)
        self._emit(run, "Order.exit", context, foreign)
        customer = context["customer"]
        greeting = f"Dear {customer['name']}," if dice.random() < 0.8 else "Dear customer,"
        context["confirmation"] = {"to": customer["email"], "greeting": greeting}
        if customer["email"] != person.email:
            foreign.append("$.confirmation.to")
        self._emit(run, "Confirm.exit", context, foreign)

    def _add_traits(self, person: Person, context: dict[str, Any]) -> None:
        dice, traits = self.dice, self.traits
        if traits.agents:
            context["case"] = {"agent": f"agent-{dice.randint(1, 6)}@desk.example"}
        if traits.orgs:
            context["org"] = {"billing": f"billing@org-{person.org}.example"}
        if traits.referrals:
            context["referral"] = {"mine": person.code, "by": dice.choice([*self.people, *self.outside]).code}
        if traits.payees:
            other = dice.choice(self.people if dice.random() < traits.payees else self.outside)
            context["payer"], context["payee"] = {"iban": person.iban}, {"name": other.name, "iban": other.iban}

    def _order(self, person: Person, context: dict[str, Any], leaking: bool) -> list[str]:
        dice, traits = self.dice, self.traits
        items = [
            {"sku": f"SKU-{dice.randint(1000, 1015)}", "name": dice.choice(GOODS)}
            for _ in range(dice.randint(1, 3))
        ]
        context["order"] = {"id": f"ord_{dice.getrandbits(40):010x}", "items": items, "total_cents": 4900}
        if traits.gifts:
            to = dice.choice([*self.people, *self.outside]) if dice.random() < traits.gifts else person
            context["order"]["ship_to"] = {"name": to.name, "email": to.email}
        if traits.copies:
            others = dice.sample(self.outside, dice.randint(0, 2))
            context["copies"] = [person.email, *(one.email for one in others)]
        if traits.leak != "default":
            return []
        self.default = [*self.default[-3:], person.email] if leaking else [person.email]
        context["copies"] = list(dict.fromkeys(self.default))
        return [f"$.copies[{n}]" for n, email in enumerate(context["copies"]) if email != person.email]


def _profile_paths() -> list[str]:
    return [f"$.customer.{name}" for name in PROFILE]


def shop_map(*private: str) -> Mapping[str, ContextMap]:
    """A map of the shop that calls paths private."""
    paths = ", ".join(private)
    return {"checkout": parse_map(f"version: 1\nworkflow: checkout\nprivate: [{paths}]\n")}


def runs_of(events: Iterable[Event], maps: Mapping[str, ContextMap]) -> list[Run]:
    """All runs of a project."""
    project = Project(InMemory(events), maps)
    return [run for run_id in project.run_ids for run in project.view(run_id).runs]


def judged(events: Sequence[Event], maps: Mapping[str, ContextMap] | None = None) -> list[ForeignLeaf]:
    """What is foreign in the events of a project."""
    found = foreign_values(runs_of(events, maps or {}))
    return [leaf for _, leaves in sorted(found.items()) for leaf in leaves]


def places_of(leaves: Iterable[ForeignLeaf]) -> set[tuple[str, str, str]]:
    """Findings as (run id, event id, path)."""
    return {(one.finding.run_id, one.finding.event_id, one.finding.path) for one in leaves}


def told(leaves: Iterable[ForeignLeaf]) -> list[tuple[Any, ...]]:
    """All that findings say, in a form that compares."""
    return [(one.finding, one.owner, one.evidence, one.trail and one.trail.source) for one in leaves]
