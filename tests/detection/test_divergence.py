"""divergent-output: one input, two outputs. Source: RULES.md, Integrity."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.event import Event
from tests.detection.ruling import found
from tests.detection.samples import event

Told = tuple[str, str, Any, Any]
"""Run, path, expected and observed."""
DETERMINISTIC = "deterministic: true"


def run(run_id: str, at: float, given: Any, made: Any, *, ended: bool = True, **fields: Any) -> list[Event]:
    """A run that begins with a context, and ends a second later with more of it."""
    return [
        event("Load.enter", given, at=at, run_id=run_id, **fields),
        event("Tax.exit", {**given, **made}, at=at + 1, run_id=run_id, final=ended, **fields),
    ]


def told(*runs: list[Event], body: str = DETERMINISTIC) -> list[Told]:
    """What the rule says."""
    events = [one for events in runs for one in events]
    return [(one.run_id, one.path, one.expected, one.observed) for one in found("divergent-output", events, body)]


def outputs(*made: Any) -> list[list[Event]]:
    """Runs a, b, c ... of one input, one after the other, with these outputs."""
    return [run(name, at, {"i": 1}, one) for at, (name, one) in enumerate(zip("abcdef", made, strict=False))]


def test_it_fires_at_the_final_event_of_the_run_that_differs() -> None:
    events = [one for events in outputs({"o": 1}, {"o": 2}, {"o": 1}) for one in events]
    got = found("divergent-output", events, DETERMINISTIC)
    assert [(one.run_id, one.step, one.phase, one.path, one.expected, one.observed) for one in got] == [
        ("b", "Tax", "exit", "$.o", 1, 2)
    ]
    assert got[0].leak_class == "integrity"


def test_the_most_frequent_output_is_the_reference() -> None:
    assert told(*outputs({"o": 2}, {"o": 1}, {"o": 1})) == [("a", "$.o", 1, 2)]
    assert told(*outputs({"o": 1}, {"o": 2}, {"o": 2}, {"o": 3}, {"o": 2})) == [
        ("a", "$.o", 2, 1),
        ("d", "$.o", 2, 3),
    ]


def test_of_equally_frequent_outputs_that_of_the_earliest_run_is_it() -> None:
    assert told(*outputs({"o": 2}, {"o": 1})) == [("b", "$.o", 2, 1)]
    assert told(*outputs({"o": 3}, {"o": 1}, {"o": 2}, {"o": 1}, {"o": 2})) == [
        ("a", "$.o", 1, 3),
        ("c", "$.o", 1, 2),
        ("e", "$.o", 1, 2),
    ]
    assert told(run("b", 0, {"i": 1}, {"o": 1}), run("a", 0, {"i": 1}, {"o": 2})) == [("b", "$.o", 2, 1)]


def test_inputs_that_differ_have_outputs_that_may() -> None:
    assert told(run("a", 0, {"i": 1}, {"o": 1}), run("b", 5, {"i": 2}, {"o": 2})) == []
    assert told(run("a", 0, {"i": 1}, {"o": 1}), run("b", 5, {"i": 1, "j": None}, {"o": 2})) == []
    assert told(run("a", 0, {"i": 1}, {"o": 1}), run("b", 5, {"i": 1.0}, {"o": 2})) == [("b", "$.o", 1, 2)]


def test_who_a_run_is_for_is_neither_input_nor_output() -> None:
    first = run("a", 0, {"i": 1, "session_id": "s-1"}, {"o": 1, "who": {"tenantId": "t-1"}})
    other = run("b", 5, {"i": 1, "session_id": "s-2"}, {"o": 1, "who": {"tenantId": "t-2"}})
    assert told(first, other) == []
    mapped = DETERMINISTIC + "\nidentity: {session: [$.customer]}"
    named = [run(name, at, {"i": 1, "customer": name}, {"o": at}) for at, name in enumerate("ab")]
    assert told(*named, body=mapped) == [("b", "$.o", 0, 1)]
    assert told(*named) == []


def test_the_first_path_in_document_order_is_named() -> None:
    right, wrong = {"z": {"b": 1, "a": [1, 2]}}, {"z": {"b": 2, "a": [1, 3]}}
    assert told(*outputs(right, wrong, right)) == [("b", "$.z.a[1]", 2, 3)]
    long = [{"l": [*range(11)]}, {"l": [*range(10), 99]}]
    assert told(*outputs(*long)) == [("b", "$.l[10]", 10, 99)]


def test_more_and_less_differ_too() -> None:
    assert told(*outputs({"o": 1, "p": 1}, {"o": 1}, {"o": 1, "p": 1})) == [("b", "$.p", 1, None)]
    assert told(*outputs({"o": 1}, {"o": 1, "p": 1}, {"o": 1})) == [("b", "$.p", None, 1)]


def test_only_what_is_added_or_changed_is_output() -> None:
    kept = [
        event("A.enter", {"i": 1, "t": 1}, run_id="a"),
        event("B.exit", {"i": 1, "t": 1}, at=1, run_id="a", final=True),
    ]
    gone = [
        event("A.enter", {"i": 1, "t": 1}, at=5, run_id="b"),
        event("B.exit", {"i": 1}, at=6, run_id="b", final=True),
    ]
    assert told(kept, gone) == []


@pytest.mark.parametrize("status", ["ok", "error"])
def test_runs_that_failed_count_and_those_that_go_on_do_not(status: str) -> None:
    first = run("a", 0, {"i": 1}, {"o": 1})
    assert len(told(first, run("b", 5, {"i": 1}, {"o": 2}, status=status))) == 1
    assert told(first, run("b", 5, {"i": 1}, {"o": 2}, status=status, ended=False)) == []


def test_what_happened_in_between_does_not_matter() -> None:
    between = event("Mid.exit", {"i": 1, "o": 99}, at=0.5, run_id="a")
    assert told([*run("a", 0, {"i": 1}, {"o": 1}), between], run("b", 5, {"i": 1}, {"o": 1})) == []


def test_a_partial_end_proves_nothing() -> None:
    first = run("a", 0, {"i": 1}, {"o": 1})
    begin, end = run("b", 5, {"i": 1}, {"o": 2})
    for partial in (
        [event("Load.enter", {"i": 1}, at=5, run_id="b", partial=True), end],
        [begin, event("Tax.exit", {"i": 1, "o": 2}, at=6, run_id="b", final=True, partial=True)],
    ):
        assert told(first, partial) == []


def test_fingerprints_compare_with_fingerprints_alone() -> None:
    assert told(*outputs({"o": "x"}, {"o": "fp:1"})) == []
    assert told(*outputs({"o": "fp:2"}, {"o": "fp:1"})) == [("b", "$.o", "fp:2", "fp:1")]
    assert told(run("a", 0, {"i": "fp:1"}, {"o": 1}), run("b", 5, {"i": "x"}, {"o": 2})) == []


def test_each_workflow_is_judged_by_its_own_map() -> None:
    other = run("b", 5, {"i": 1}, {"o": 2}, workflow="mail")
    assert told(run("a", 0, {"i": 1}, {"o": 1}), other, run("c", 9, {"i": 1}, {"o": 3}, workflow="mail")) == []
    assert told(*outputs({"o": 1}, {"o": 2}), body="deterministic: false") == []
