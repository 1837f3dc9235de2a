"""How times, durations, sizes and values look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from monitor.templatetags import charts, show

AT = datetime(2026, 11, 20, 10, 35, 39, tzinfo=UTC)


def rendered(text: str, **context: object) -> str:
    return Template("{% load show charts %}" + text).render(Context(context)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3.9, "3 s"), (60, "1 min"), (7300, "2 h"), (86_400, "1 day"), (2e5, "2 days"), (-4, "0 s")],
)
def test_an_age_has_one_unit(seconds: float, said: str) -> None:
    assert show.age(seconds).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("octets", "said"),
    [(0, "0 B"), (871, "871 B"), (6100, "6.1 kB"), (871_000, "871 kB"), (1_048_576, "1 MB"), (None, "none yet")],
)
def test_sizes_have_a_decimal_unit(octets: float | None, said: str) -> None:
    assert show.size(octets).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0.00 %"), (0.006, "0.60 %"), (0.9231, "92.3 %"), (1, "100 %"), (None, "none yet")]
)
def test_shares_have_the_digits_they_need(share: float | None, said: str) -> None:
    assert show.percent(share).replace("\u00a0", " ") == said


def test_times_say_utc_on_hover_and_carry_their_instant() -> None:
    assert rendered('{% moment at "minute" %}', at=AT.astimezone()) == (
        '<time datetime="2026-11-20T10:35:39Z" title="2026-11-20 10:35:39 UTC" data-show="minute">10:35</time>'
    )
    later = AT + timedelta(seconds=12)
    assert ">12 s ago</time>" in rendered("{% ago at %}", at=AT, now=later)
    assert rendered("{% moment at %}{% ago at %}", at=None) == "none yetnever"


def test_values_are_cut_and_never_marked_safe() -> None:
    assert rendered("{{ v|plain }}", v="<b>") == "&lt;b&gt;"
    assert rendered("{{ v|value }}", v={"a": "<b>"}) == "{&quot;a&quot;: &quot;&lt;b&gt;&quot;}"
    assert len(show.value("x" * 999)) == show.VALUE_CHARS + 1


def test_counts_take_their_noun() -> None:
    assert rendered('{{ 1|plural:"run,runs" }}, {{ 1284|plural:"run,runs" }}') == "1 run, 1,284 runs"


def test_people_have_two_letters() -> None:
    assert [show.initials(name) for name in ("kieran", "Ada Lovelace", "ann.lee", "x")] == ["KI", "AL", "AL", "X"]


def test_bars_are_as_high_as_their_share_and_never_invisible() -> None:
    assert charts.bars([0, 0], width=4, height=20, base=20) == ""
    path = charts.bars([1, 1000], width=4, height=20, base=20)
    assert path == "M0.00 20v-1.5h3.00v1.5zM4.00 20v-20.0h3.00v20.0z"


def test_hanging_bars_stand_under_each_other() -> None:
    first, second = charts.hanging([[10], [10]], width=10, height=16, base=55)
    assert (first, second) == ("M0.00 55.0v8.0h9.00v-8.0z", "M0.00 63.0v8.0h9.00v-8.0z")
