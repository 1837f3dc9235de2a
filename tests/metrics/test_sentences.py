"""What a quarter's figures say."""

from dataclasses import replace

import pytest

from monitor.metrics.definitions import Figures, figures
from monitor.metrics.sentences import change, headline, lede, moves
from monitor.metrics.summary import NOTHING, summarise

NONE = figures([])


def having(
    incidents: int, *, open_: int = 0, detect: float | None = None, resolve: float | None = None
) -> Figures:
    return replace(
        NONE,
        incidents=incidents,
        still_open=open_,
        detect=NOTHING if detect is None else summarise([detect]),
        resolve=NOTHING if resolve is None else summarise([resolve]),
    )


def test_a_change_is_said_only_where_both_sides_measured_something() -> None:
    assert change(summarise([5]), NOTHING) is None
    assert change(NOTHING, summarise([5])) is None
    assert change(summarise([5]), summarise([9])) == "faster"
    assert change(summarise([9]), summarise([5])) == "slower"
    assert change(summarise([1.01]), summarise([1])) == "same"


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (having(0), having(3), "No incidents in 2026-Q4"),
        (having(2, detect=5), NONE, "2 incidents in 2026-Q4, all resolved"),
        (having(2, open_=1, detect=5), NONE, "2 incidents in 2026-Q4, 1 resolved, 1 still open"),
        (
            having(2, detect=5, resolve=5),
            having(2, detect=9, resolve=9),
            "Faster to detect and resolve than last quarter",
        ),
        (
            having(2, detect=5, resolve=9),
            having(2, detect=9, resolve=5),
            "Faster to detect, slower to resolve than last quarter",
        ),
        (having(2, detect=5), having(2, detect=9), "Faster to detect than last quarter; none resolved yet"),
        (
            having(2, detect=5, resolve=5),
            having(2, detect=5, resolve=5),
            "As fast to detect and resolve as last quarter",
        ),
    ],
)
def test_the_headline_claims_what_the_figures_show(now: Figures, before: Figures, said: str) -> None:
    assert headline(now, before, name="2026-Q4", before_name="last quarter").replace("\u00a0", " ") == said


def test_the_lede_counts_and_says_where_the_mean_came_from() -> None:
    now = having(3, open_=1, detect=5, resolve=3600)
    before = having(2, detect=5, resolve=7200)
    said = lede(now, before, name="2026-Q4", days="1 Oct to 31 Dec 2026", workflows=2).replace("\u00a0", " ")
    assert said == (
        "2026-Q4 (1 Oct to 31 Dec 2026): 3 incidents, 2 resolved, 1 still open. "
        "Mean time to resolve is 1 h (n = 1), down from 2 h (n = 1)."
    )


def test_silence_is_told_from_blindness() -> None:
    said = lede(NONE, NONE, name="2026-Q4", days="all of it", workflows=3).replace("\u00a0", " ")
    assert said == "2026-Q4 (all of it): nothing was detected in the 3 workflows that ran."
    assert "no workflow ran, so there was nothing to judge" in lede(NONE, NONE, name="", days="", workflows=0)


def test_only_what_was_measured_is_said() -> None:
    assert moves(NONE, having(2, detect=5)) == []
    [only] = moves(having(1, detect=5), NONE)
    assert only.replace("\u00a0", " ") == "Mean time to detect is 5 s (n = 1)."
