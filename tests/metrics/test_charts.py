"""The geometry of charts."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.charts import BASE, bars, lines


def test_bars_stand_on_the_base_in_proportion() -> None:
    chart = bars([("Q1", "2026", 10), ("Q2", "", 20)])
    first, second = chart.bars
    assert second.height == 2 * first.height
    assert second.y + second.height == BASE
    assert (first.is_last, second.is_last) == (False, True)
    assert chart.ticks[0].label == "0"


def test_a_projection_stands_on_top_of_the_last_bar() -> None:
    last = bars([("Q1", "", 10), ("Q2", "", 5)], projected=20).bars[-1]
    assert last.more_y + last.more_height == last.y
    assert last.more_height == 3 * last.height


def test_a_month_without_a_figure_breaks_the_line_and_is_hatched() -> None:
    chart = lines(["Jan", "Feb", "Mar"], [60.0, None, 120.0], [60.0, None, 60.0])
    assert chart is not None
    assert chart.mean.count("M") == 2
    assert len(chart.gaps) == 1
    assert chart.unit == "minutes"


def test_no_figure_at_all_is_no_chart() -> None:
    assert lines(["Jan"], [None], [None]) is None


@given(st.lists(st.one_of(st.none(), st.floats(min_value=0, max_value=1e8)), min_size=1, max_size=12))
def test_everything_stays_inside_the_frame(seconds: list[float | None]) -> None:
    chart = lines([f"m{index}" for index in range(len(seconds))], seconds, seconds)
    if chart is None:
        assert all(value is None for value in seconds)
        return
    assert all(0 <= tick.y <= BASE for tick in chart.ticks)
    assert all(0 <= label.y <= BASE + 4 for label in chart.ends)
    assert len(chart.ticks) >= 2


@given(st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=8))
def test_bars_stay_inside_the_frame(values: list[int]) -> None:
    chart = bars([("Q", "", value) for value in values])
    assert all(0 <= bar.y <= BASE and bar.height >= 0 for bar in chart.bars)
    assert len({tick.label for tick in chart.ticks}) == len(chart.ticks)
