"""Leak, race, loss or not enough evidence: what decides, and on how many runs it rests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitor.detection.catalogue import CATALOGUE
from monitor.detection.incident_verdict import LOSSES, WITHOUT_VALUE, AffectedRun, Verdict, decide

TRACED = AffectedRun("s-1", origin="another")
UNSEEN = AffectedRun("s-1")
BROKEN = AffectedRun(99, leaks=False)


def gave(given: str, wrong: object, **fields: object) -> AffectedRun:
    """A run with this input and this wrong value, whose owner was not seen."""
    return AffectedRun(wrong, given=given.encode(), **fields)


def said(verdict: Verdict) -> tuple[str, int]:
    return verdict.kind, verdict.runs


def test_a_value_that_was_traced_has_leaked_whatever_else_is_known() -> None:
    runs = [replace(gave("i", n), origin="another") for n in range(3)]
    assert said(decide("foreign-session", runs)) == ("leak", 3)
    one_of_two = decide("foreign-session", [TRACED, UNSEEN])
    assert said(one_of_two) == ("leak", 1)
    assert one_of_two.because == "In 1 of 2 runs the wrong value was traced to another run, whose it was."


@pytest.mark.parametrize(
    ("origins", "words"),
    [
        (("another",), "In the only affected run the wrong value was traced to another run, whose it was."),
        (
            ("itself", "itself"),
            "In all 2 runs the wrong value was traced to an earlier attempt or iteration, or another branch",
        ),
        (("itself", "another"), "In all 2 runs the wrong value was traced to another run or to an earlier part"),
    ],
)
def test_it_says_whose_the_value_was(origins: tuple[str, ...], words: str) -> None:
    runs = [AffectedRun(1, origin=origin) for origin in origins]
    assert decide("dirty-retry", runs).because.startswith(words)


@pytest.mark.parametrize("rule", sorted(LOSSES))
def test_what_these_rules_find_is_lost_even_where_something_else_stands_there(rule: str) -> None:
    runs = [BROKEN, replace(BROKEN, origin="itself"), replace(BROKEN, missing=True)]
    assert said(decide(rule, runs)) == ("loss", 3)


def test_a_missing_value_is_a_loss_where_it_is_missing_in_most_runs() -> None:
    gone = AffectedRun(None, missing=True, leaks=False)
    assert said(decide("frozen-field-changed", [gone, gone, BROKEN])) == ("loss", 2)
    assert said(decide("frozen-field-changed", [gone, BROKEN])) == ("not_enough_evidence", 2)
    assert said(decide("dirty-retry", [replace(gone, leaks=True, origin="itself")])) == ("loss", 1)


def test_the_same_wrong_outcome_for_the_same_input_is_a_leak() -> None:
    one_input = decide("foreign-value", [gave("i", 1), gave("i", 1), gave("j", 5)])
    assert said(one_input) == ("leak", 2)
    assert one_input.because == "2 runs had the same input and the same wrong outcome every time."
    two_inputs = decide("foreign-value", [gave(given, given) for given in "iijjj"])
    assert said(two_inputs) == ("leak", 5)
    assert two_inputs.because == (
        "5 runs had 2 inputs among them, and each of these inputs gave the same wrong outcome every time."
    )


def test_different_wrong_outcomes_for_the_same_input_are_a_race() -> None:
    assert said(decide("foreign-value", [gave("i", 1), gave("i", 2)])) == ("race", 2)
    mostly = decide("divergent-output", [gave("i", 1), gave("i", 1), gave("j", 1), gave("j", 2)])
    assert said(mostly) == ("race", 4)
    assert mostly.because == "4 runs had 2 inputs among them, and 1 of these inputs gave different wrong outcomes."


def test_outputs_that_differ_are_a_race_though_the_value_at_the_path_is_the_same() -> None:
    runs = [gave("i", 1, output=b"a"), gave("i", 1, output=b"b")]
    assert said(decide("divergent-output", runs)) == ("race", 2)
    assert said(decide("divergent-output", [runs[0], replace(runs[1], output=None)])) == ("leak", 2)


def test_a_fingerprint_and_a_plain_value_are_not_compared() -> None:
    runs = [gave("i", "x"), gave("i", "fp:1", fingerprinted=True)]
    assert said(decide("foreign-value", runs)) == ("not_enough_evidence", 2)


def test_clean_runs_with_the_input_of_a_wrong_one_show_that_it_varies() -> None:
    alone = replace(BROKEN, given=b"i")
    assert said(decide("divergent-output", [alone], clean={b"i": 2})) == ("race", 3)
    assert said(decide("divergent-output", [alone], clean={b"i": 1})) == ("not_enough_evidence", 1)
    assert said(decide("divergent-output", [alone], clean={b"j": 9})) == ("not_enough_evidence", 1)
    foreign = replace(alone, leaks=True)
    assert said(decide("foreign-session", [foreign], clean={b"i": 9})) == ("not_enough_evidence", 1)


def test_affected_runs_that_agree_outweigh_the_clean_ones() -> None:
    runs = [replace(BROKEN, given=b"i")] * 2
    assert said(decide("divergent-output", runs, clean={b"i": 9})) == ("leak", 2)


@pytest.mark.parametrize("rule", sorted(WITHOUT_VALUE))
def test_a_broken_promise_cannot_be_compared(rule: str) -> None:
    verdict = decide(rule, [gave("i", 1, leaks=False)] * 3)
    assert said(verdict) == ("not_enough_evidence", 3)
    assert "a broken promise and no wrong value" in verdict.because


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([], "No affected run is left to look at."),
        ([gave("i", 1)], "Only 1 run is affected, and a comparison needs 2 with the same input."),
        ([gave("i", 1), gave("j", 1)], "No two of the 2 affected runs had the same input"),
        ([gave("i", 1), UNSEEN, UNSEEN], "Of 3 affected runs the input of 2 is not known"),
    ],
)
def test_too_few_runs_say_how_few(runs: list[AffectedRun], words: str) -> None:
    verdict = decide("foreign-value", runs)
    assert said(verdict) == ("not_enough_evidence", len(runs))
    assert verdict.because.startswith(words)


def test_missing_sequence_numbers_make_the_evidence_incomplete() -> None:
    whole, torn = decide("foreign-value", [TRACED]), decide("foreign-value", [TRACED, replace(TRACED, gaps=3)])
    assert (whole.evidence_incomplete, whole.gaps) == (False, 0)
    assert (torn.evidence_incomplete, torn.gaps, torn.kind) == (True, 3, "leak")


RUNS = some.lists(
    some.builds(
        AffectedRun,
        wrong=some.integers(0, 2),
        missing=some.booleans(),
        origin=some.sampled_from([None, None, "another", "itself"]),
        leaks=some.booleans(),
        given=some.sampled_from([None, b"i", b"j"]),
        output=some.sampled_from([None, b"a", b"b"]),
        fingerprinted=some.booleans(),
        gaps=some.integers(0, 2),
    ),
    max_size=8,
)
RULES = some.sampled_from(["foreign-value", "divergent-output", "identity-lost", "oversized-context"])
CLEAN = some.dictionaries(some.sampled_from([b"i", b"j"]), some.integers(1, 3))


@given(RULES, RUNS, CLEAN, some.randoms())
def test_the_order_of_the_runs_means_nothing(rule: str, runs: list[AffectedRun], clean, random) -> None:
    shuffled = runs[:]
    random.shuffle(shuffled)
    assert decide(rule, runs, clean=clean) == decide(rule, shuffled, clean=clean)


@given(RULES, RUNS, CLEAN)
def test_evidence_that_costs_more_never_overturns_what_was_decided(
    rule: str, runs: list[AffectedRun], clean
) -> None:
    without = decide(rule, [replace(run, given=None) for run in runs])
    compared = decide(rule, runs)
    if without.kind != "not_enough_evidence":
        assert compared == without
    if compared.kind != "not_enough_evidence":
        assert decide(rule, runs, clean=clean) == compared


@given(RULES, RUNS, CLEAN)
def test_a_verdict_rests_on_runs_that_there_are(rule: str, runs: list[AffectedRun], clean) -> None:
    verdict = decide(rule, runs, clean=clean)
    assert verdict.runs <= len(runs) + sum(clean.values())
    assert verdict.kind == "not_enough_evidence" or verdict.runs > 0
    assert verdict.because.endswith(".")


def test_the_manual_names_every_rule_that_is_decided_by_its_name() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text()
    assert [rule for rule in sorted(LOSSES | WITHOUT_VALUE) if f"`{rule}`" not in manual] == []


def test_every_rule_that_is_decided_by_its_name_is_in_the_catalogue() -> None:
    assert {rule.id for rule in CATALOGUE} >= LOSSES | WITHOUT_VALUE
