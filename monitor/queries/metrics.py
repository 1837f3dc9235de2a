"""The figures of a project's incidents, computed by PostgreSQL to the definitions of `monitor.metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Avg, Count, F, FloatField, Func, Q, QuerySet
from django.db.models.aggregates import Aggregate
from django.db.models.functions import TruncMonth, TruncQuarter

from monitor.metrics.definitions import COUNTED, STILL_OPEN, Figures, figures
from monitor.metrics.periods import Month, Quarter
from monitor.metrics.summary import Summary
from monitor.models import Incident, Project

DIMENSIONS = {"workflow": "workflow", "class": "leak_class", "rule": "rule", "severity": "severity"}
"""What figures can be broken down by, and the column that says it."""

_COUNTED = Q(status__in=COUNTED, withdrawn_at=None)
_RESOLVED = Q(status="resolved", withdrawn_at=None)


class PercentileCont(Aggregate):
    """PostgreSQL's percentile by linear interpolation; null of no rows."""

    template = "percentile_cont(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Func, *, fraction: float, filter: Q) -> None:  # noqa: A002 Django's own name
        super().__init__(expression, fraction=fraction, filter=filter)


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of the incidents that `key` describes: `{"workflow": "checkout"}`, or all of them: `{}`."""

    key: Mapping[str, str]
    figures: Figures


def groups(
    project: Project, *, since: datetime | None, until: datetime | None, by: str | None = None
) -> list[Group]:
    """Give the figures of the incidents detected in [since, until) by the server's clock; None is no bound.

    One group without `by`, also of no incidents; with `by` (workflow, class, rule or severity) one for each
    value that has incidents or false positives, most incidents first. ValueError for another `by`.
    Source: docs/metrics.md.
    """
    incidents = _detected(project, since, until)
    if by is None:
        return [Group(key={}, figures=_figures(incidents.aggregate(**_measures())))]
    if by not in DIMENSIONS:
        raise ValueError(f"Metrics are broken down by {', '.join(DIMENSIONS)}; not by {by!r}.")
    column = DIMENSIONS[by]
    rows = incidents.values(column).annotate(**_measures()).order_by("-incidents", column)
    found = [Group(key={by: row[column]}, figures=_figures(row)) for row in rows]
    return [group for group in found if group.figures.incidents or group.figures.false_positives]


def as_json(group: Group) -> dict[str, Any]:
    """Give a group as the API and the page's JSON link write it (INTERFACES.md, metrics)."""
    figure = group.figures
    return {
        "key": dict(group.key),
        "incidents": figure.incidents,
        "still_open": figure.still_open,
        "resolved": figure.resolved,
        "known": figure.known,
        "false_positives": figure.false_positives,
        "withdrawn": figure.withdrawn,
        "clock_ahead": figure.clock_ahead,
        "mttd_seconds": asdict(figure.detect),
        "mtta_seconds": asdict(figure.acknowledge),
        "mttr_seconds": asdict(figure.resolve),
    }


def by_quarter(project: Project, quarters: Sequence[Quarter]) -> list[Figures]:
    """Give the figures of each of these neighbouring quarters, empty ones too, in their order."""
    zone = ZoneInfo(project.time_zone)
    rows = _by_period(project, quarters[0].bounds(zone)[0], quarters[-1].bounds(zone)[1], TruncQuarter)
    found = {Quarter.of(start, zone): figure for start, figure in rows}
    return [found.get(quarter, NONE) for quarter in quarters]


def by_month(project: Project, months: Sequence[Month]) -> list[Figures]:
    """Give the figures of each of these neighbouring months, empty ones too, in their order."""
    zone = ZoneInfo(project.time_zone)
    rows = _by_period(project, months[0].bounds(zone)[0], months[-1].bounds(zone)[1], TruncMonth)
    found = {Month.of(start, zone): figure for start, figure in rows}
    return [found.get(month, NONE) for month in months]


def first_detected_at(project: Project) -> datetime | None:
    """Give the moment of the project's first incident; None before it."""
    first = Incident.objects.filter(project=project, withdrawn_at=None).order_by("detected_at", "id").first()
    return first.detected_at if first else None


NONE = figures([])
"""The figures of no incidents."""


def _detected(project: Project, since: datetime | None, until: datetime | None) -> QuerySet[Incident]:
    incidents = Incident.objects.filter(project=project)
    if since is not None:
        incidents = incidents.filter(detected_at__gte=since)
    if until is not None:
        incidents = incidents.filter(detected_at__lt=until)
    return incidents


def _by_period(
    project: Project, since: datetime, until: datetime, trunc: type[TruncMonth] | type[TruncQuarter]
) -> list[tuple[datetime, Figures]]:
    zone = ZoneInfo(project.time_zone)
    incidents = _detected(project, since, until).annotate(period=trunc("detected_at", tzinfo=zone))
    rows = incidents.values("period").annotate(**_measures()).order_by("period")
    return [(row["period"], _figures(row)) for row in rows]


def _seconds(later: str, earlier: str) -> Func:
    return Func(
        F(later),
        F(earlier),
        template="GREATEST(0, EXTRACT(EPOCH FROM (%(expressions)s)))::double precision",
        arg_joiner=" - ",
        output_field=FloatField(),
    )


def _measures() -> dict[str, Aggregate]:
    standing = Q(withdrawn_at=None)
    measures: dict[str, Aggregate] = {
        "incidents": Count("id", filter=_COUNTED),
        "still_open": Count("id", filter=standing & Q(status__in=STILL_OPEN)),
        "waiting": Count("id", filter=standing & Q(status="open")),
        "mitigated": Count("id", filter=standing & Q(status="mitigated")),
        "known": Count("id", filter=standing & Q(status="known")),
        "false_positives": Count("id", filter=standing & Q(status="false_positive")),
        "withdrawn": Count("id", filter=Q(withdrawn_at__isnull=False)),
        "clock_ahead": Count("id", filter=_COUNTED & Q(detected_at__lt=F("occurred_at"))),
    }
    for name, later, earlier, which in (
        ("detect", "detected_at", "occurred_at", _COUNTED),
        ("acknowledge", "acknowledged_at", "detected_at", _COUNTED & Q(acknowledged_at__isnull=False)),
        ("resolve", "resolved_at", "detected_at", _RESOLVED),
    ):
        seconds = _seconds(later, earlier)
        measures[f"{name}_mean"] = Avg(seconds, filter=which)
        measures[f"{name}_median"] = PercentileCont(seconds, fraction=0.5, filter=which)
        measures[f"{name}_p90"] = PercentileCont(seconds, fraction=0.9, filter=which)
        measures[f"{name}_n"] = Count("id", filter=which)
    return measures


def _figures(row: Mapping[str, Any]) -> Figures:
    def summary(name: str) -> Summary:
        return Summary(*(row[f"{name}_{part}"] for part in ("mean", "median", "p90", "n")))

    values: dict[str, Any] = {
        each.name: summary(each.name) if each.type is Summary else row[each.name] for each in fields(Figures)
    }
    return Figures(**values)
