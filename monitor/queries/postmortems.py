"""Postmortems to read: the list, one document, and what it still lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from monitor.models import Incident, Postmortem, PostmortemAction, Project
from monitor.queries.postmortem_sections import GROUPS, SECTIONS, Moment, Section, read_timeline

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A postmortem in the list; counts are of its actions."""

    postmortem: Postmortem
    incidents: tuple[Incident, ...]
    actions: int
    done: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Action:
    """An action as a page shows it; `overdue_days` is 0 unless it is open past its date."""

    pk: int
    text: str
    owner: str
    due: date | None
    done_at: datetime | None
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Part:
    """A section with its text; `moments` is the timeline where every line of it could be read."""

    section: Section
    text: str
    moments: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A postmortem to read."""

    postmortem: Postmortem
    incidents: tuple[Incident, ...]
    parts: tuple[Part, ...]
    actions: tuple[Action, ...]
    missing: tuple[Section, ...]

    @property
    def done(self) -> int:
        """How many actions are done."""
        return sum(action.done_at is not None for action in self.actions)


def listing(
    project: Project, *, now: datetime, status: str = "", after: UUID | None = None, limit: int = PAGE
) -> tuple[list[Line], UUID | None]:
    """Give a page of postmortems, newest first, and where the next one begins; `after` is the last one's uuid."""
    found = Postmortem.objects.filter(project=project)
    if status:
        found = found.filter(status=status)
    if after is not None:
        last = Postmortem.objects.filter(project=project, uuid=after).first()
        if last is not None:
            older = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
            found = found.filter(older)
    rows = list(found.prefetch_related("incidents", "actions").order_by("-created_at", "-pk")[: limit + 1])
    day = today(project, now=now)
    lines = [_line(row, day) for row in rows[:limit]]
    return lines, rows[limit - 1].uuid if len(rows) > limit else None


def document(postmortem: Postmortem, *, now: datetime) -> Document:
    """Give the whole of a postmortem, in three queries."""
    day = today(postmortem.project, now=now)
    return Document(
        postmortem=postmortem,
        incidents=tuple(postmortem.incidents.order_by("number")),
        parts=tuple(part(section, getattr(postmortem, section.name)) for section in SECTIONS),
        actions=tuple(_action(row, day) for row in postmortem.actions.order_by("position", "id")),
        missing=missing(postmortem),
    )


def missing(postmortem: Postmortem) -> tuple[Section, ...]:
    """Give the sections that publishing needs and that are empty."""
    return tuple(each for each in SECTIONS if each.required and not getattr(postmortem, each.name).strip())


def of_incident(incident: Incident) -> Postmortem | None:
    """Give the incident's postmortem, a draft before a published one; None without one."""
    return incident.postmortems.order_by("status", "-id").first()


def candidate(project: Project) -> Incident | None:
    """Give the incident that was resolved last and has no postmortem; None where there is none."""
    waiting = Incident.objects.filter(project=project, withdrawn_at=None, status="resolved", postmortems=None)
    return waiting.order_by("-resolved_at", "-id").first()


def open_actions(project: Project, *, limit: int = PAGE) -> list[PostmortemAction]:
    """Give the actions that nobody has done yet, by due date, those without one last."""
    found = PostmortemAction.objects.filter(postmortem__project=project, done_at=None).select_related("postmortem")
    return list(found.order_by("due", "id")[:limit])


def today(project: Project, *, now: datetime) -> date:
    """Give the day it is where the project is."""
    return now.astimezone(ZoneInfo(project.time_zone)).date()


def part(section: Section, text: str) -> Part:
    """Give a section's text, the timeline line by line where it can be read so."""
    return Part(section, text, read_timeline(text) if section.name == "timeline" else ())


def _line(row: Postmortem, day: date) -> Line:
    actions = [_action(each, day) for each in row.actions.all()]
    return Line(
        postmortem=row,
        incidents=tuple(row.incidents.all()),
        actions=len(actions),
        done=sum(action.done_at is not None for action in actions),
        overdue=sum(action.overdue_days > 0 for action in actions),
    )


def _action(row: PostmortemAction, day: date) -> Action:
    overdue = (day - row.due).days if row.due and row.done_at is None and row.due < day else 0
    return Action(row.pk, row.text, row.owner, row.due, row.done_at, overdue)


def markdown(found: Document) -> str:
    """Write the document as Markdown, for a wiki or a repository."""
    postmortem = found.postmortem
    keys = ", ".join(incident.key for incident in found.incidents)
    published = postmortem.published_at
    state = f"Published {published:%Y-%m-%d %H:%M} UTC by {postmortem.published_by}" if published else "Draft"
    lines = [f"# {postmortem.title}", "", f"{state}. Incidents: {keys or 'none'}."]
    group = ""
    for each in found.parts:
        if each.section.group and each.section.group != group:
            title, note = GROUPS[each.section.group]
            lines += ["", f"## {title}", "", note]
        group = each.section.group
        lines += ["", f"{'###' if group else '##'} {each.section.title}", "", each.text.strip() or "Not written."]
    lines += ["", "## Actions", "", *_action_lines(found.actions)]
    return "\n".join(lines) + "\n"


def _action_lines(actions: Sequence[Action]) -> list[str]:
    def line(action: Action) -> str:
        details = [action.owner or "nobody yet", f"due {action.due}" if action.due else "no date"]
        return f"- [{'x' if action.done_at else ' '}] {action.text} ({', '.join(details)})"

    return [line(action) for action in actions] or ["None."]
