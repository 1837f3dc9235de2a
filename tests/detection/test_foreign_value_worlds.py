"""Whole worlds of people: the harmless ones stay silent, and of the leaking ones exactly the leak is found."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.detection.people_worlds import Traits, World, judged, places_of, shop_map, told

CLEAN = {
    "strangers": Traits(),
    "returning": Traits(people=20),
    "returning-seldom": Traits(people=45),
    "households": Traits(households=True),
    "households-returning": Traits(households=True, people=24),
    "namesakes": Traits(namesakes=True, people=30),
    "agents": Traits(agents=True, people=30),
    "tenants": Traits(orgs=True, people=30),
    "referrals": Traits(referrals=True, people=30),
    "gifts": Traits(gifts=0.3),
    "gifts-returning": Traits(gifts=0.25, people=30),
    "payees": Traits(payees=0.6),
    "payees-returning": Traits(payees=1.0, people=30),
    "copies": Traits(copies=True, people=30),
    "everything": Traits(
        people=32, households=True, namesakes=True, agents=True, orgs=True, referrals=True, gifts=0.3, payees=0.5,
        copies=True,
    ),
}  # fmt: skip
LEAKS = {
    f"{leak}-{'returning' if people else 'strangers'}": Traits(leak=leak, people=people)
    for leak in ("stale", "cache", "default")
    for people in (0, 28)
}
PRIVATE = shop_map("$.customer.email", "$.customer.id", "$.input.login_email", "$.copies")
SIZES = (9, 24, 60)
SEEDS = range(3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CLEAN)
def test_a_harmless_world_is_silent_without_configuration(name: str, size: int) -> None:
    for seed in SEEDS:
        assert places_of(judged(World.of(seed, size, CLEAN[name]).events)) == set()


@pytest.mark.parametrize("name", sorted(set(CLEAN) - {"copies", "everything"}))
def test_a_harmless_world_is_silent_where_what_is_unique_is_private(name: str) -> None:
    for seed in SEEDS:
        assert places_of(judged(World.of(seed, 60, CLEAN[name]).events, PRIVATE)) == set()


@pytest.mark.parametrize("maps", [{}, PRIVATE], ids=["learnt", "private"])
@pytest.mark.parametrize("name", LEAKS)
def test_of_a_leaking_world_the_leak_is_found_and_nothing_else(name: str, maps: dict) -> None:
    for seed in SEEDS:
        world = World.of(seed, 60, LEAKS[name])
        found = places_of(judged(world.events, maps))
        beside = {
            one for one in found - world.foreign if one[2].startswith(("$.customer.address", "$.confirmation"))
        }
        assert found - beside <= world.foreign
        assert {one[0] for one in beside} <= {one[0] for one in world.foreign}
        proven = {one for one in world.foreign if one[2].endswith(("email", ".id", ".to", "]"))}
        assert proven <= found


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(LEAKS)), dice=st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(name: str, dice: random.Random) -> None:
    events = World.of(dice.randint(0, 5), 24, LEAKS[name]).events
    shuffled = [*events, *dice.choices(events, k=20)]
    dice.shuffle(shuffled)
    assert told(judged(shuffled, PRIVATE)) == told(judged(events, PRIVATE))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(2, 70),
    traits=st.builds(
        Traits,
        people=st.sampled_from([0, 20, 40]),
        households=st.booleans(),
        agents=st.booleans(),
        orgs=st.booleans(),
        referrals=st.booleans(),
        payees=st.sampled_from([0.0, 0.5, 1.0]),
        copies=st.booleans(),
    ),
)
def test_any_harmless_world_is_silent(seed: int, size: int, traits: Traits) -> None:
    assert places_of(judged(World.of(seed, size, traits).events)) == set()
