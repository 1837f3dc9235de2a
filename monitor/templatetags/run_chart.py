"""A run's lanes as SVG: boxes over time, a diamond where something foreign enters, a line while it stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django import template
from django.http import HttpRequest

from monitor.metrics.words import duration
from monitor.queries.lanes import Execution, Lane
from monitor.queries.run_page import RunPage

register = template.Library()
WIDTH, LEFT, TOP = 1096.0, 150.0, 34.0
BOX, ROW, LANE_GAP = 28.0, 40.0, 12.0
CHAR = 6.6
LEAST = 4.0


@dataclass(frozen=True, slots=True)
class Box:
    """One execution as it is drawn; `label` is empty where it would not fit."""

    execution: Execution
    x: float
    y: float
    width: float
    label: str
    chosen: bool
    outside: bool = False
    """The label stands right of the box, where the box is too small and there is room."""

    @property
    def end(self) -> float:
        """Its right edge."""
        return round(self.x + self.width, 1)

    @property
    def above(self) -> float:
        """Where a diamond over its right edge begins."""
        return self.y - 10

    @property
    def under(self) -> float:
        """The line under it: what entered before is still carried."""
        return self.y + BOX + 3.5

    @property
    def cross(self) -> float:
        """Where the cross of a failed step begins."""
        return round(max(self.end - 14, self.x - 4), 1)

    @property
    def text_x(self) -> float:
        """Where its label begins."""
        return round(self.end + 5 if self.outside else self.x + 6, 1)

    @property
    def text_y(self) -> float:
        """The baseline of its label."""
        return self.y + 18

    @property
    def cross_y(self) -> float:
        """The top of the cross."""
        return self.y + 9


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """A lane with its boxes; `tail` keeps the end of a long name."""

    lane: Lane
    y: float
    name: str
    boxes: tuple[Box, ...]

    @property
    def name_y(self) -> float:
        """The baseline of its name."""
        return self.y + 13

    @property
    def kind_y(self) -> float:
        """The baseline of what it is."""
        return self.y + 27


@register.inclusion_tag("components/run_chart.html", takes_context=True)
def run_chart(context: template.Context, page: RunPage) -> dict[str, object]:
    """The lanes of a run, drawn."""
    span = max(page.span_seconds, *(each.end_seconds for lane in page.lanes for each in lane.executions), 0.001)
    scale = (WIDTH - LEFT - 24) / span
    chosen = page.point.event.event_id if page.point else ""
    y, drawn = TOP, []
    for lane in page.lanes:
        boxes = tuple(_boxes(lane, y, scale, chosen))
        drawn.append(DrawnLane(lane, y, _tail(lane.name), boxes))
        y += lane.rows * ROW + LANE_GAP
    request: HttpRequest = context["request"]
    return {
        "page": page,
        "lanes": drawn,
        "height": y + 16,
        "floor": y - 4,
        "ticks_y": y + 10,
        "width": WIDTH,
        "ticks": [(LEFT + seconds * scale, duration(seconds) if seconds else "0") for seconds in _ticks(span)],
        "rules": [lane.y - LANE_GAP / 2 - 6 for lane in drawn[1:]],
        "path": request.path,
    }


def _boxes(lane: Lane, y: float, scale: float, chosen: str) -> Iterator[Box]:
    """From right to left, so that each box knows how much room is left of the next one of its row."""
    free = dict.fromkeys(range(lane.rows), WIDTH)
    for each in reversed(lane.executions):
        box = _box(each, y, scale, chosen, room=free[each.row])
        free[each.row] = box.x - 4
        yield box


def _box(each: Execution, y: float, scale: float, chosen: str, *, room: float) -> Box:
    x = LEFT + max(each.start_seconds, 0) * scale
    width = max((each.end_seconds - each.start_seconds) * scale, LEAST)
    label = each.step + (f", {each.attempt}." if each.attempt > 1 else "")
    inside, beside = int((width - 10) / CHAR), int((room - x - width - 8) / CHAR)
    outside = len(label) > inside and beside >= min(len(label), 6) and beside > inside
    fits = beside if outside else inside
    if len(label) > fits:
        label = label[: fits - 1] + "…" if fits > 5 else ""
    here = bool(chosen) and chosen in (each.entered, each.left)
    return Box(each, round(x, 1), y + each.row * ROW, round(width, 1), label, here, outside)


def _ticks(span: float) -> list[float]:
    """Four to six round moments."""
    raw = span / 5
    size = 10 ** len(str(int(raw))) / 10 if raw >= 1 else 10 ** -len(str(int(1 / raw)))
    step = next((size * each for each in (1, 2, 5, 10, 20, 50) if size * each >= raw), raw)
    count = int(span / step)
    return [step * at for at in range(count + 1)]


def _tail(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:11]}…{name[-7:]}"
