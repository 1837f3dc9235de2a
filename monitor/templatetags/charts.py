"""The geometry of small drawings, as SVG attributes: no style, no script."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from monitor.queries.incident_page import Spread
from monitor.queries.overview_below import Minute

register = template.Library()
SPARK_HEIGHT = 20
STEP = 4
FLOOR_PX = 1.5


@register.simple_tag
def spark_width(counts: Sequence[int]) -> int:
    """How wide a sparkline is in its own units."""
    return max(len(counts), 1) * STEP


@register.simple_tag
def spark_path(counts: Sequence[int]) -> str:
    """Bars of a sparkline, the highest as high as it goes."""
    return bars(counts, width=STEP, height=SPARK_HEIGHT, base=SPARK_HEIGHT)


def bars(counts: Sequence[float], *, width: float, height: float, base: float, gap: float = 1.0) -> str:
    """A path of bars, `width` apart, up from the line `base`; what is not zero is at least visible."""
    most = max(counts, default=0)
    path = []
    for at, count in enumerate(counts):
        if count:
            tall = max(count / most * height, FLOOR_PX)
            path.append(f"M{at * width:.2f} {base:g}v-{tall:.1f}h{width - gap:.2f}v{tall:.1f}z")
    return "".join(path)


def hanging(stacks: Sequence[Sequence[int]], *, width: float, height: float, base: float) -> list[str]:
    """A path a layer of bars that hang from `base` under each other; `stacks` has one row a layer."""
    totals = [sum(column) for column in zip(*stacks, strict=True)]
    most = max(totals, default=0)
    tops = [base] * len(totals)
    paths = []
    for layer in stacks:
        path = []
        for at, count in enumerate(layer):
            if count:
                tall = max(count / most * height, FLOOR_PX)
                path.append(f"M{at * width:.2f} {tops[at]:.1f}v{tall:.1f}h{width - 1:.2f}v-{tall:.1f}z")
                tops[at] += tall
        paths.append("".join(path))
    return paths


@register.inclusion_tag("components/hour_chart.html")
def hour_chart(minutes: Sequence[Minute], width: int) -> dict[str, object]:
    """The last hour: events up, anomalies hanging down by severity; a narrow one joins two minutes."""
    wide = width > 500
    group = 1 if wide else 2
    spans = [minutes[at : at + group] for at in range(0, len(minutes), group)]
    step = width / max(len(spans), 1)

    def counts(name: str) -> list[int]:
        return [sum(getattr(minute, name) for minute in span) for span in spans]

    layers = [counts("critical"), counts("high"), counts("warning")]
    critical, high, warning = hanging(layers, width=step, height=16, base=55)
    marks = [(0.0, 0, ""), (0.25, 15, "mid"), (0.5, 30, "mid"), (0.75, 45, "mid"), (1.0, 59, "end")]
    return {
        "width": width,
        "events": bars(counts("events"), width=step, height=44, base=52, gap=0),
        "critical": critical,
        "high": high,
        "warning": warning,
        "ticks": [(share * width, minutes[at].at, anchor) for share, at, anchor in marks[:: 1 if wide else 2]],
        "events_total": sum(counts("events")),
        "anomalies_total": sum(map(sum, layers)),
    }


@register.inclusion_tag("components/spread_chart.html")
def spread_chart(spread: Spread) -> dict[str, object]:
    """Affected runs over time."""
    return {
        "bars": bars(spread.counts, width=440 / len(spread.counts), height=40, base=50, gap=2),
        "since": spread.since,
        "until": spread.until,
        "most": max(spread.counts),
        "span_seconds": spread.span_seconds,
    }
