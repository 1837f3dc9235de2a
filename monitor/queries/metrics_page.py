"""What the Metrics page shows of a quarter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.metrics.definitions import Figures
from monitor.metrics.periods import Period, Quarter
from monitor.metrics.sentences import headline, lede, open_parts
from monitor.models import Incident, Project
from monitor.queries.blind import Blind, blind_workflows, workflows_that_ran
from monitor.queries.metrics import Group, first_detected_at, groups
from monitor.queries.trends import Trends, trends


@dataclass(frozen=True, slots=True)
class Compared:
    """A quarter's figures beside those of the quarter before; `workflows` is how many ran in it."""

    period: Period
    before: Quarter
    now: Figures
    earlier: Figures
    workflows: int

    @property
    def headline(self) -> str:
        """What became faster or slower, in one sentence."""
        before_name = "last quarter" if self.period.running else f"in {self.before.name}"
        return headline(self.now, self.earlier, name=self.period.name, before_name=before_name)

    @property
    def open_parts(self) -> str:
        """What the incidents still open are."""
        return open_parts(self.now)

    @property
    def lede(self) -> str:
        """The counts and the mean time to resolve."""
        return lede(self.now, self.earlier, name=self.period.name, days=self.period.days, workflows=self.workflows)


@dataclass(frozen=True, slots=True)
class Where:
    """The breakdown by one dimension; `blind` are the workflows that could not be judged (by workflow only)."""

    by: str
    groups: tuple[Group, ...]
    blind: tuple[Blind, ...]


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """All of the page; `choices` are the quarters to choose from, newest first."""

    compared: Compared
    choices: tuple[Quarter, ...]
    where: Where
    waiting: Incident | None
    trends: Trends


def metrics_page(project: Project, quarter: Quarter, *, by: str, now: datetime) -> MetricsPage:
    """Give the figures of a quarter, of the one before, the trends up to it and the breakdown.

    Incidents belong to the quarter they were detected in, by the server's clock and the project's time zone.
    """
    period = Period.of(quarter, ZoneInfo(project.time_zone), now=now)
    return MetricsPage(
        compared=compared(project, period, now=now),
        choices=choices(project, now=now),
        where=where(project, period, by=by),
        waiting=_longest_waiting(project, period),
        trends=trends(project, period),
    )


def compared(project: Project, period: Period, *, now: datetime) -> Compared:
    """Give the figures of a period and of the quarter before it."""
    before = Period.of(period.quarter.plus(-1), period.zone, now=now)
    [present] = groups(project, since=period.since, until=period.until)
    [earlier] = groups(project, since=before.since, until=before.until)
    return Compared(
        period=period,
        before=before.quarter,
        now=present.figures,
        earlier=earlier.figures,
        workflows=workflows_that_ran(project, since=period.since, until=period.until),
    )


def where(project: Project, period: Period, *, by: str) -> Where:
    """Give the breakdown by workflow, class, rule or severity; ValueError for another `by`.

    A workflow without a map and without any identity is in `blind` where it has no incident either: that it
    has none is no proof.
    """
    found = tuple(groups(project, since=period.since, until=period.until, by=by))
    if by != "workflow":
        return Where(by=by, groups=found, blind=())
    seen = {group.key[by] for group in found}
    blind = blind_workflows(project, since=period.since, until=period.until)
    return Where(
        by=by, groups=found, blind=tuple(each for each in blind if each.nothing and each.workflow not in seen)
    )


def choices(project: Project, *, now: datetime) -> tuple[Quarter, ...]:
    """Give the quarters from the project's first incident to the present one, newest first."""
    zone = ZoneInfo(project.time_zone)
    found = [Quarter.of(now, zone)]
    first = first_detected_at(project)
    oldest = Quarter.of(first, zone) if first else found[0]
    while found[-1] > oldest:
        found.append(found[-1].plus(-1))
    return tuple(found)


def _longest_waiting(project: Project, period: Period) -> Incident | None:
    """The open incident of the period that nobody has had for the longest time."""
    waiting = Incident.objects.filter(
        project=project,
        status="open",
        acknowledged_at=None,
        withdrawn_at=None,
        detected_at__gte=period.since,
        detected_at__lt=period.until,
    )
    return waiting.order_by("detected_at", "id").first()
