"""The quarter as one page to read, and the list of quarters there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Case, IntegerField, QuerySet, Value, When

from monitor.metrics.definitions import COUNTED, Figures
from monitor.metrics.periods import Period, Quarter
from monitor.metrics.sentences import moves
from monitor.metrics.words import count
from monitor.models import Incident, Postmortem, PostmortemAction, Project
from monitor.queries.blind import Blind, blind_workflows
from monitor.queries.metrics import Group, by_quarter, groups
from monitor.queries.metrics_page import Compared, choices, compared
from monitor.queries.postmortems import open_actions, today

WORST, MOST = 5, 50
_LOUDEST_FIRST = Case(
    When(severity="critical", then=Value(0)),
    When(severity="high", then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A quarter in the list of reports."""

    quarter: Quarter
    running: bool
    figures: Figures


@dataclass(frozen=True, slots=True)
class OpenAction:
    """An action that nobody has done yet; `overdue_days` is 0 unless its date has passed."""

    action: PostmortemAction
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Report:
    """All of the report: postmortems published in the quarter, drafts begun by its end, and every open action."""

    compared: Compared
    sentences: tuple[str, ...]
    worst: tuple[Incident, ...]
    workflows: tuple[Group, ...]
    published: tuple[Postmortem, ...]
    drafts: tuple[Postmortem, ...]
    without_postmortem: int
    actions: tuple[OpenAction, ...]
    blind: tuple[Blind, ...]

    @property
    def overdue(self) -> int:
        """How many of the listed actions are past their date."""
        return sum(action.overdue_days > 0 for action in self.actions)


def report_list(project: Project, *, now: datetime) -> list[ReportLine]:
    """Give the quarters that have incidents or false positives, and the present one, newest first."""
    quarters = list(choices(project, now=now))
    figures = by_quarter(project, quarters[::-1])[::-1]
    return [
        ReportLine(quarter, running=index == 0, figures=each)
        for index, (quarter, each) in enumerate(zip(quarters, figures, strict=True))
        if index == 0 or each.incidents or each.false_positives
    ]


def report(project: Project, quarter: Quarter, *, now: datetime) -> Report:
    """Give the report of a quarter as of `now`; incidents belong to it by detection, in the project's zone."""
    period = Period.of(quarter, ZoneInfo(project.time_zone), now=now)
    both = compared(project, period, now=now)
    worst = _incidents(project, period).order_by(_LOUDEST_FIRST, "-run_count", "-session_count", "id")[:WORST]
    published, drafts = _postmortems(project, period)
    resolved = _incidents(project, period).filter(status="resolved", postmortems=None).count()
    day = today(project, now=now)
    return Report(
        compared=both,
        sentences=tuple(_sentences(both)),
        worst=tuple(worst),
        workflows=tuple(groups(project, since=period.since, until=period.until, by="workflow")),
        published=tuple(published),
        drafts=tuple(drafts),
        without_postmortem=resolved,
        actions=tuple(_open_action(action, day) for action in open_actions(project, limit=MOST)),
        blind=tuple(blind_workflows(project, since=period.since, until=period.until)),
    )


def _sentences(both: Compared) -> list[str]:
    now, earlier = both.now, both.earlier
    if not now.incidents:
        return []
    how_many = f"{count(now.incidents, 'incident')}, {count(earlier.incidents, 'incident')} in {both.before.name}."
    said = [how_many, *moves(now, earlier)]
    if now.still_open:
        said.append(f"Still open: {now.still_open:,}, in no time to resolve.")
    if now.false_positives:
        said.append(f"{count(now.false_positives, 'false positive')}, in none of these figures.")
    if now.clock_ahead:
        said.append(
            f"{count(now.clock_ahead, 'sender')} had a clock ahead of ours: detected after 0 s, as counted."
        )
    return said


def _incidents(project: Project, period: Period) -> QuerySet[Incident]:
    return Incident.objects.filter(
        project=project,
        withdrawn_at=None,
        status__in=COUNTED,
        detected_at__gte=period.since,
        detected_at__lt=period.until,
    )


def _postmortems(project: Project, period: Period) -> tuple[list[Postmortem], list[Postmortem]]:
    mine = Postmortem.objects.filter(project=project).prefetch_related("incidents")
    published = mine.filter(published_at__gte=period.since, published_at__lt=period.until)
    drafts = mine.filter(status="draft", created_at__lt=period.until)
    return list(published.order_by("published_at", "id")[:MOST]), list(drafts.order_by("created_at", "id")[:MOST])


def _open_action(action: PostmortemAction, day: date) -> OpenAction:
    return OpenAction(action, (day - action.due).days if action.due and action.due < day else 0)
