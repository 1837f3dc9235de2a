"""Learned maps: what clean history shows, and that adopting all of it reports nothing new there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.learning.as_yaml import as_yaml
from monitor.detection.learning.learn import learn
from monitor.detection.learning.proposal import Proposal, Support
from monitor.detection.maps import parse_map
from tests.detection.samples import Sample, event, random_streams, scenario, scenario_names

CLEAN = [name for name in scenario_names() if not scenario(name).expected["anomalies"]]
FEW = Support(min_runs=3)


def propose(sample: Sample, workflow: str, clean: Collection[str], support: Support) -> Proposal:
    return learn(sample.events, workflow=workflow, clean=clean, maps=sample.maps, support=support)


def map_of(proposal: Proposal) -> ContextMap:
    return parse_map(as_yaml(proposal.workflow, proposal.lines), workflow=proposal.workflow)


def lines(proposal: Proposal, place: str) -> dict[Any, tuple[int, int]]:
    return {line.value: (line.seen, line.of) for line in proposal.lines if line.place == place}


@pytest.mark.parametrize("name", CLEAN)
def test_adopting_all_of_it_reports_nothing_in_the_history_that_it_was_learned_from(name: str) -> None:
    sample = scenario(name)
    for workflow in sorted({one.workflow for one in sample.events}):
        proposal = propose(sample, workflow, set(sample.expected["clean_runs"]), FEW)
        assert proposal.lines
        assert not [one for one in proposal.left_out if "history" in one.why]
        assert judge_all(sample.events, {**sample.maps, workflow: map_of(proposal)}) == ()


@pytest.mark.parametrize("name", scenario_names())
def test_learned_from_the_clean_runs_of_a_leaking_workflow_it_reports_nothing_in_them(name: str) -> None:
    sample = scenario(name)
    found = {one.run_id for one in judge_all(sample.events, sample.maps)}
    events = [one for one in sample.events if one.run_id not in found]
    for workflow in sorted({one.workflow for one in events}):
        proposal = propose(sample, workflow, {one.run_id for one in events}, FEW)
        if proposal.lines:
            assert judge_all(events, {**sample.maps, workflow: map_of(proposal)}) == ()


def test_on_generated_streams_it_reports_nothing_new_either() -> None:
    learned = 0
    for sample in random_streams():
        found = {one.run_id for one in judge_all(sample.events, sample.maps)}
        events = [one for one in sample.events if one.run_id not in found]
        for workflow in sorted({one.workflow for one in events}):
            proposal = propose(sample, workflow, {one.run_id for one in events}, Support(min_runs=2))
            if proposal.lines:
                learned += 1
                after = judge_all(events, {**sample.maps, workflow: map_of(proposal)})
                assert {one.key for one in after} <= {one.key for one in judge_all(events, sample.maps)}
    assert learned > 20


def test_a_learned_checkout() -> None:
    proposal = propose(
        scenario("shop-cart-clean"), "checkout", set(scenario("shop-cart-clean").expected["clean_runs"]), Support()
    )
    assert (proposal.runs, proposal.events) == (250, 2556)
    assert lines(proposal, "identity.session") == {"$.session_id": (250, 250)}
    assert lines(proposal, "identity.execution_id") == {"$.workflow.execution_id": (250, 250)}
    assert set(lines(proposal, "inputs")) == {
        "currency", "feature_flags", "locale", "request", "session_id", "tenant_id", "workflow"
    }  # fmt: skip
    assert lines(proposal, "cleanup") == {"scratch": (250, 250)}
    assert lines(proposal, "steps.PriceOrder.writes") == {"$.order": (250, 250), "$.scratch.rounding": (250, 250)}
    assert lines(proposal, "steps.Confirm.drops") == {"$.scratch": (250, 250)}
    assert lines(proposal, "steps.Pay.resources") == {"psp:charge:{run_id}": (278, 278)}
    assert "redis:cart:{session}" in lines(proposal, "steps.LoadCart.resources")
    assert lines(proposal, "steps.Confirm.resources") == {None: (250, 250)}
    assert {"$.customer.email", "$.customer.id", "$.payment.auth_code"} <= set(lines(proposal, "private"))
    assert not {line.at[-1] for line in proposal.lines} & {"reads", "frozen", "checkpoints", "reconcile"}


def test_learned_branches_and_children() -> None:
    clean = scenario("celery-canvas-clean")
    proposal = propose(clean, "issue-invoice", set(clean.expected["clean_runs"]), Support())
    (found,) = [line for line in proposal.lines if line.at == ("parallel",)]
    assert (found.value, found.seen, found.of) == ({"branches": ["docs", "fx", "tax"], "join": "Merge"}, 100, 100)

    chaos = scenario("stageflow-chaos-clean")
    proposal = propose(chaos, "support-chat", set(chaos.expected["clean_runs"]), Support())
    assert lines(proposal, "children.tool-refund.error_paths") == {"$.data.refund.error": (18, 18)}
    assert "$.data.refund.id" in lines(proposal, "children.tool-refund.returns")
    assert "$.session_id" in lines(proposal, "children.tool-refund.passes")
    assert lines(proposal, "steps.memory.writes") == {"$.data.memory": (30, 30)}
    assert lines(proposal, "steps.profile.writes") == {"$.data.customer": (30, 30)}


def runs(count: int, *, odd: Sequence[int] = ()) -> list[Event]:
    """Runs of two steps; the odd ones do something of their own."""
    found: list[Event] = []
    for n in range(count):
        ids = {"run_id": f"r-{n}", "session": f"s-{n}"}
        first = {"session_id": f"s-{n}", "order": {"id": f"o-{n}", "status": "new"}}
        if n in odd:
            first = {**first, "left": "over"}
        second = {**first, "price": {"net": n, "gross": n + 1}}
        third = {**second, "order": {**first["order"], "status": "paid"}}
        found += [
            event("Price.enter", first, at=n * 10, **ids),
            event("Price.exit", second, at=n * 10 + 1, **ids),
            event("Pay.enter", second, at=n * 10 + 2, **ids),
            event("Pay.exit", third, at=n * 10 + 3, final=True, **ids),
        ]
    return found


def learned(events: Sequence[Event], *, support: Support = FEW) -> Proposal:
    clean = {one.run_id for one in events}
    return learn(events, workflow="checkout", clean=clean, maps={}, support=support)


def test_every_line_says_what_it_rests_on() -> None:
    proposal = learned(runs(20, odd=[7]), support=Support(min_runs=20))
    assert lines(proposal, "steps.Price.writes") == {"$.price": (20, 20)}
    assert lines(proposal, "steps.Pay.writes") == {"$.order.status": (20, 20)}
    assert lines(proposal, "inputs") == {"left": (1, 20), "order": (20, 20), "session_id": (20, 20)}
    rare = {line.key: line.basis for line in proposal.lines if line.rare}
    assert rare == {}
    (left,) = [line for line in learned(runs(40, odd=[7])).lines if line.rare]
    assert (left.key, left.basis) == (
        "inputs:left",
        "in 1 of 40 runs; rare: look whether it is left over from another run",
    )


def test_too_few_runs_propose_nothing_and_say_so() -> None:
    proposal = learned(runs(19), support=Support())
    assert proposal.lines == ()
    assert [(one.place, one.why) for one in proposal.left_out] == [("$", "19 clean runs were seen; 20 are needed")]


def test_only_clean_runs_are_learned_from() -> None:
    events = runs(30, odd=range(10))
    clean = {f"r-{n}" for n in range(10, 30)}
    proposal = learn(events, workflow="checkout", clean=clean, maps={}, support=Support())
    assert proposal.runs == 20
    assert "left" not in lines(proposal, "inputs")


def test_runs_in_which_the_map_in_force_finds_something_are_not_learned_from() -> None:
    events = runs(30, odd=range(10))
    strict = parse_map("{version: 1, workflow: checkout, inputs: [session_id, order]}")
    clean = {one.run_id for one in events}
    proposal = learn(events, workflow="checkout", clean=clean, maps={"checkout": strict}, support=Support())
    assert (proposal.runs, lines(proposal, "inputs")) == (20, {"order": (20, 20), "session_id": (20, 20)})


def test_the_digest_names_the_lines_and_not_the_counts() -> None:
    assert learned(runs(20)).digest == learned(runs(21)).digest
    assert learned(runs(20)).digest != learned(runs(20, odd=[1])).digest


def test_whatever_the_order_and_repetition_of_the_events_the_proposal_is_the_same() -> None:
    events = runs(10)
    assert learned([*reversed(events), *events]).lines == learned(events).lines


def test_a_step_that_few_runs_went_through_is_not_judged_on_its_writes() -> None:
    extra = {"run_id": "r-0", "session": "s-0"}
    before: dict[str, Any] = runs(1)[-1].context
    rest = {name: value for name, value in before.items() if name != "price"}
    events = [one if one.run_id != "r-0" else replace(one, final=False) for one in runs(20)]
    events += [
        event("Undo.enter", before, at=5, **extra),
        event("Undo.exit", {**rest, "undone": True}, at=6, final=True, **extra),
    ]
    proposal = learned(events, support=Support())
    assert [one.place for one in proposal.left_out] == ["steps.Undo"]
    assert lines(proposal, "steps.Undo.drops") == {"$.price": (1, 1)}
    assert lines(proposal, "steps.Undo.writes") == {}


def test_lines_that_would_report_something_there_are_left_out_and_it_is_said() -> None:
    events = [
        one if one.step != "Pay" else replace(one, context={"session_id": one.session, "price": {"net": 1}})
        for one in runs(20)
    ]
    proposal = learned(events)
    assert {one.place for one in proposal.left_out} == {"steps.Pay.writes", "steps.Price.writes"}
    (why,) = {one.why for one in proposal.left_out}
    assert why.endswith(
        "lost-field would speak in this very history: first in run r-0 at Pay.enter, $.price.gross"
    )
    assert {line.at[0] for line in proposal.lines} == {"identity", "private", "inputs", "cleanup"}
    assert judge_all(events, {"checkout": map_of(proposal)}) == ()


def test_what_a_map_ignores_stays_ignored() -> None:
    events = [replace(one, context={**one.context, "carrier": {"session_id": "theirs"}}) for one in runs(20)]
    ignoring = parse_map("{version: 1, workflow: checkout, identity: {ignore: [$.carrier]}}")
    clean = {one.run_id for one in events}
    proposal = learn(events, workflow="checkout", clean=clean, maps={"checkout": ignoring}, support=FEW)
    assert lines(proposal, "identity.ignore") == {"$.carrier": (20, 20)}
    assert judge_all(events, {"checkout": map_of(proposal)}) == ()
