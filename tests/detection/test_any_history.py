"""Generated projects: whatever their runs, branches, attempts and children, order of arrival decides nothing."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.detection.event import Access, Event
from monitor.detection.history import judge_all
from tests.detection.samples import Sample, event, maps_of
from tests.detection.test_advance import assert_same_as_whole, batches, kept_by, runs_of

MAP = """
version: 1
workflow: checkout
identity: {session: [$.owner.session]}
private: [$.mail]
inputs: [session_id, owner, mail, cart]
cleanup: [scratch]
must_be_clear: [{path: $.cart.gift, at: any}]
steps:
  Load: {writes: [$.cart], resources: ["redis:cart:{session}"]}
  Price: {writes: [$.cart.total, $.mail], drops: [$.scratch]}
  Save: {writes: []}
parallel: [{branches: [a, b], join: Save}]
children: {charge: {passes: [$.cart], requires: [$.cart.total], returns: [$.mail], error_paths: [$.cart.error]}}
frozen: [{path: $.mail, from: Load, until: Save}]
per_iteration: [$.cart.rows]
checkpoints: [{save: Save, load: Load, path: $.cart}]
reconcile: [[$.cart.total, $.scratch.total]]
compensations: {Price: Load}
schema_version: $.version
schemas: {v1: {required: [mail]}}
deterministic: true
"""
MAPS = maps_of([MAP, "version: 1\nworkflow: charge\ninputs: [cart]\nscoped_keys: true\n"])
VALUES = st.sampled_from(["s-1", "s-2", "ann@example.org", "fp:1", 1, 0, None, True, [], {}, [1, {"n": 2}]])
CARTS = st.dictionaries(st.sampled_from(["total", "gift", "rows", "error", "it's"]), VALUES, max_size=3)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "session_id": VALUES,
        "owner": st.fixed_dictionaries({"session": VALUES}),
        "mail": VALUES,
        "cart": CARTS | VALUES,
        "scratch": CARTS,
        "version": st.sampled_from(["v1", "v2", 3]),
        "note": st.sampled_from(["canary_r-0", "see canary_r-1"]),
    },
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Event, ...]:
    """Up to four runs; run r-n may be the child of one before it, and its clock is its own."""
    found = []
    for number in range(draw(st.integers(2, 4))):
        parent = draw(st.none() | st.integers(0, number - 1)) if number else None
        fixed: dict[str, Any] = {
            "run_id": f"r-{number}",
            "workflow": draw(st.sampled_from(["checkout", "charge"])),
            "session": draw(st.sampled_from([None, "s-1", "s-2"])),
            "parent_run_id": None if parent is None else f"r-{parent}",
            "parent_step": draw(st.sampled_from([None, "Load", "Price"])),
        }
        for place in range(draw(st.integers(2, 8))):
            step, phase = (
                draw(st.sampled_from(["Load", "Price", "Save"])),
                draw(st.sampled_from(["enter", "exit"])),
            )
            key = draw(st.sampled_from(["cart:s-1", "cart:current"]))
            found.append(
                event(
                    f"{step}.{phase}",
                    draw(CONTEXTS),
                    at=draw(st.integers(0, 9)),
                    event_id=f"{number}-{place}",
                    sequence=draw(st.sampled_from([place, place, place, None])),
                    attempt=draw(st.sampled_from([1, 1, 1, 2, 3])),
                    branch=draw(st.sampled_from([None, None, "a", "b"])),
                    status=draw(st.sampled_from(["ok", "ok", "error"])),
                    final=draw(st.booleans()) and place > 1,
                    partial=draw(st.sampled_from([False, False, False, True])),
                    accesses=(Access("redis", draw(st.sampled_from(["read", "write"])), key),),
                    attributes={"canary": f"canary_r-{number}"} if place == 0 else {},
                    **fixed,
                )
            )
    return tuple(found)


ANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@ANY
@given(events=histories(), dice=st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_any_history_finds_the_same(
    events: tuple[Event, ...], dice: random.Random
) -> None:
    shuffled = [*events, *dice.choices(events, k=3)]
    dice.shuffle(shuffled)
    assert judge_all(shuffled, MAPS) == judge_all(events, MAPS)


@ANY
@given(events=histories(), dice=st.randoms(use_true_random=False))
def test_any_split_of_any_run_ends_as_judging_it_whole(events: tuple[Event, ...], dice: random.Random) -> None:
    # The name is what the facts of a sample's runs are remembered under.
    sample = Sample(f"generated {hash(events[0].event_id)} {id(events)} {dice.random()}", events, MAPS, {})
    for run_id, share in runs_of(sample).items():
        shuffled = [*share, *dice.choices(share, k=2)]
        if dice.random() < 0.5:
            dice.shuffle(shuffled)
        stored = kept_by(sample, run_id)
        for batch in batches(shuffled, dice):
            stored.take(batch)
        assert_same_as_whole(stored, share)
