"""A failed run that did not undo its work: what counts as undone, and by when."""

from __future__ import annotations

import pytest

from monitor.detection.anomaly import Anomaly
from monitor.detection.history import judge_all
from monitor.detection.rules.uncompensated_failure import UncompensatedFailure
from tests.detection.samples import event, maps_of

MAPS = maps_of(["version: 1\nworkflow: checkout\ncompensations: {Debit: Refund, Book: Unbook, Ask: Ask}\n"])


def judged(moments: str) -> list[tuple[str, object, object]]:
    """What is found in a run of exits such as `Debit`, `Debit!` (an error), the final one marked `.`."""
    events = []
    for second, word in enumerate(moments.split()):
        name = word.rstrip("!.")
        status = "error" if "!" in word else "ok"
        events.append(event(f"{name}.exit", {}, at=second, status=status, final="." in word))
    return [_row(one) for one in judge_all(events, MAPS, (UncompensatedFailure(),))]


def _row(one: Anomaly) -> tuple[str, object, object]:
    return one.step, one.expected, one.observed


@pytest.mark.parametrize(
    ("moments", "found"),
    [
        ("Debit Pay!.", [("Pay", "Refund", "Debit")]),
        ("Debit Pay! Refund!.", [("Refund", "Refund", "Debit")]),
        ("Refund Debit Pay!.", [("Pay", "Refund", "Debit")]),
        ("Debit Refund Debit Pay!.", [("Pay", "Refund", "Debit")]),
        ("Debit Book Refund Pay!.", [("Pay", "Unbook", "Book")]),
        ("Debit Book Pay!.", [("Pay", "Unbook", "Book")]),
        ("Ask Pay!.", [("Pay", "Ask", "Ask")]),
        ("Debit Pay!. Refund!", [("Pay", "Refund", "Debit")]),
    ],
)
def test_it_fires_once_at_the_final_error(moments: str, found: list[tuple[str, object, object]]) -> None:
    assert judged(moments) == found


@pytest.mark.parametrize(
    "moments",
    [
        "Debit Pay.",
        "Debit! Pay!.",
        "Pay! Debit.",
        "Debit Pay!",
        "Debit Refund Pay!.",
        "Debit Debit Refund Pay!.",
        "Debit Refund! Refund Pay!.",
        "Debit Pay!. Refund",
        "Pay!. Debit",
    ],
)
def test_it_keeps_silent_where_all_is_undone_or_nothing_is_final(moments: str) -> None:
    assert judged(moments) == []


def test_an_enter_of_the_compensation_undoes_nothing() -> None:
    events = [
        event("Debit.exit", {}, at=1),
        event("Pay.exit", {}, at=2, status="error", final=True),
        event("Refund.enter", {}, at=3),
    ]
    assert [one.path for one in judge_all(events, MAPS, (UncompensatedFailure(),))] == ["$"]
