"""Where the parts of a small chart stand: numbers for SVG attributes, no colour, no markup."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

UNITS = ((86_400.0, "days", 2 * 86_400.0), (3_600.0, "hours", 2 * 3_600.0), (60.0, "minutes", 120.0))
BASE, TOP = 120.0, 16.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid; `label_y` is its label's baseline."""

    y: float
    label_y: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `more_y` and `more_height` are the projected part above it. `inside`: its value stands in it."""

    x: float
    y: float
    height: float
    middle: float
    label: str
    value: int
    value_y: float
    inside: bool
    is_last: bool
    year: str = ""
    more_y: float = 0.0
    more_height: float = 0.0


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars from 0, the last one being now."""

    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    width: float = 30.0

    @property
    def last(self) -> Bar:
        """The bar of now."""
        return self.bars[-1]


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place."""

    x: float
    y: float
    text: str
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class LineChart:
    """Mean and median as SVG paths, broken where nothing was measured; `gaps` are those months' left edges."""

    unit: str
    ticks: tuple[Tick, ...]
    mean: str
    median: str
    points: str
    months: tuple[Label, ...]
    ends: tuple[Label, ...]
    gaps: tuple[float, ...]
    gap_width: float


def bars(values: Sequence[tuple[str, str, int]], *, projected: int | None = None) -> BarChart:
    """Lay out up to eight (label, year or empty, value) bars in 360 by 150; `projected` tops the last one."""
    highest = max([value for _, _, value in values] + [projected or 0, 1])
    scale, ticks = _scale(highest, whole=True)
    laid = []
    for index, (label, year, value) in enumerate(values):
        x = 22.0 + 43.0 * index
        y = round(BASE - value * scale, 1)
        is_last = index == len(values) - 1
        more = round((projected - value) * scale, 1) if is_last and projected and projected > value else 0.0
        inside = more > 0 and BASE - y >= 20
        bar = Bar(
            x=x,
            y=y,
            height=round(BASE - y, 1),
            middle=x + 15,
            label=label,
            value=value,
            value_y=round(y + 14 if inside else y - more - 5, 1),
            inside=inside,
            is_last=is_last,
            year=year,
            more_y=round(y - more, 1),
            more_height=more,
        )
        laid.append(bar)
    return BarChart(ticks=ticks, bars=tuple(laid))


def lines(labels: Sequence[str], mean: Sequence[float | None], median: Sequence[float | None]) -> LineChart | None:
    """Lay out two lines of seconds over months in 360 by 142; None when nothing was measured at all."""
    measured = [value for value in (*mean, *median) if value is not None]
    if not measured:
        return None
    seconds, unit = _unit(max(measured))
    scale, ticks = _scale(max(measured) / seconds, whole=False)
    step = 282.0 / max(1, len(labels) - 1)
    xs = [round(34.0 + step * index, 1) for index in range(len(labels))]

    def heights(values: Sequence[float | None]) -> list[float | None]:
        return [None if value is None else round(BASE - value / seconds * scale, 1) for value in values]

    mean_y, median_y = heights(mean), heights(median)
    return LineChart(
        unit=unit,
        ticks=ticks,
        mean=_path(xs, mean_y),
        median=_path(xs, median_y),
        points="".join(f"M{x} {y}h0" for x, y in zip(xs, mean_y, strict=True) if y is not None),
        months=_months(xs, labels),
        ends=_ends(mean_y, median_y),
        gaps=tuple(max(34.0, round(x - step / 2, 1)) for x, y in zip(xs, mean_y, strict=True) if y is None),
        gap_width=round(step, 1),
    )


def _unit(seconds: float) -> tuple[float, str]:
    for size, name, least in UNITS:
        if seconds >= least:
            return size, name
    return 1.0, "seconds"


def _scale(highest: float, *, whole: bool) -> tuple[float, tuple[Tick, ...]]:
    """Give pixels a unit and two to four grid lines at round numbers."""
    rough = max(highest, 1e-9) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    if whole:
        size = max(1.0, size)
    scale = (BASE - TOP) / max(highest, size)
    marks = [size * index for index in range(math.floor(max(highest, size) / size + 1e-9) + 1)]
    return scale, tuple(_tick(mark, scale) for mark in marks)


def _tick(mark: float, scale: float) -> Tick:
    y = round(BASE - mark * scale, 1)
    return Tick(y=y, label_y=y + 4, label=f"{mark:,.3g}" if mark < 1000 else f"{mark:,.0f}")


def _path(xs: Sequence[float], ys: Sequence[float | None]) -> str:
    """Join neighbours; a value between two gaps stands alone as a point."""
    parts, pen_down = [], False
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{x} {y}")
        pen_down = True
    return "".join(parts)


def _months(xs: Sequence[float], labels: Sequence[str]) -> tuple[Label, ...]:
    """Name the first, the last, and every third between them that leaves room."""
    last = len(labels) - 1
    chosen = [*range(0, last - 1, 3), last]
    return tuple(Label(x=xs[index], y=136.0, text=labels[index], is_last=index == last) for index in chosen)


def _ends(mean_y: Sequence[float | None], median_y: Sequence[float | None]) -> tuple[Label, ...]:
    """Write the names beside the lines' last values, 13 apart at least."""
    named = [
        (next(y for y in reversed(ys) if y is not None), name)
        for ys, name in ((mean_y, "mean"), (median_y, "median"))
        if any(y is not None for y in ys)
    ]
    named.sort()
    placed: list[Label] = []
    for y, name in named:
        placed.append(Label(x=324.0, y=max(y, placed[-1].y + 13) if placed else y, text=name))
    over = max(0.0, placed[-1].y - (BASE + 4)) if placed else 0.0
    return tuple(Label(x=label.x, y=round(label.y - over, 1), text=label.text) for label in placed)
