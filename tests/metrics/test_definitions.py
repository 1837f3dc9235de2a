"""What the figures mean, on cases small enough to do in one's head."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.metrics.definitions import Figures, IncidentTimes, figures
from monitor.metrics.summary import NOTHING, Summary, percentile, summarise

DETECTED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def incident(
    status: str = "open",
    *,
    late: float = 6,
    acknowledged: float | None = None,
    resolved: float | None = None,
    withdrawn: bool = False,
) -> IncidentTimes:
    """An incident detected `late` seconds after it occurred; the others in seconds after detection."""

    def after(seconds: float | None) -> datetime | None:
        return None if seconds is None else DETECTED + timedelta(seconds=seconds)

    return IncidentTimes(
        status=status,
        occurred_at=DETECTED - timedelta(seconds=late),
        detected_at=DETECTED,
        acknowledged_at=after(acknowledged),
        resolved_at=after(resolved),
        withdrawn=withdrawn,
    )


def test_nothing_measured_is_none_and_never_zero() -> None:
    none = figures([])
    assert none.detect == none.acknowledge == none.resolve == NOTHING
    assert (NOTHING.mean, NOTHING.median, NOTHING.p90, NOTHING.n) == (None, None, None, 0)


def test_times_run_from_occurred_to_detected_and_from_detected_on() -> None:
    got = figures([incident("resolved", late=6, acknowledged=60, resolved=3600)])
    assert got.detect == Summary(6, 6, 6, 1)
    assert got.acknowledge == Summary(60, 60, 60, 1)
    assert got.resolve == Summary(3600, 3600, 3600, 1)
    assert got.resolved == 1


def test_a_senders_clock_ahead_of_ours_gives_zero_and_is_counted() -> None:
    got = figures([incident(late=-30), incident(late=10)])
    assert got.detect == Summary(5, 5, 9, 2)
    assert got.clock_ahead == 1


def test_open_ones_are_counted_apart_and_have_no_time_to_resolve() -> None:
    got = figures([incident("open"), incident("mitigated", acknowledged=5), incident("resolved", resolved=10)])
    assert (got.incidents, got.still_open, got.waiting, got.mitigated, got.resolved) == (3, 2, 1, 1, 1)
    assert got.resolve.n == 1
    assert got.acknowledge.n == 1


def test_an_incident_that_came_back_is_open_again_whatever_it_was() -> None:
    assert figures([incident("open", acknowledged=5, resolved=10)]).resolve == NOTHING


def test_known_ones_stand_still_and_are_said_apart() -> None:
    got = figures([incident("known"), incident("open")])
    assert (got.incidents, got.still_open, got.known) == (2, 2, 1)


def test_false_positives_and_withdrawn_ones_are_in_no_figure() -> None:
    got = figures([incident("false_positive", late=900, resolved=5), incident("resolved", withdrawn=True)])
    assert (got.incidents, got.still_open, got.false_positives, got.withdrawn) == (0, 0, 1, 1)
    assert got.detect == NOTHING


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [([7], 0.9, 7), ([1, 2], 0.5, 1.5), ([1, 2, 3, 4], 0.5, 2.5), ([0, 10], 0.9, 9), ([0, 5, 10], 0.9, 9)],
)
def test_percentiles_are_interpolated(values: list[float], fraction: float, expected: float) -> None:
    assert percentile(values, fraction) == pytest.approx(expected)


def test_a_summary_does_not_ask_for_order() -> None:
    assert summarise([10, 0, 5]) == summarise([0, 5, 10]) == Summary(5, 5, 9, 3)


def test_figures_add_up() -> None:
    got: Figures = figures([incident(status) for status in ("open", "acknowledged", "mitigated", "known")])
    assert got.incidents == got.still_open == 4
