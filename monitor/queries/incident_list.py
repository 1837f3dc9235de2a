"""The incidents that a query finds, newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from monitor.models import Incident, Project
from monitor.queries.incident_line import IncidentLine, lines_of
from monitor.queries.keyset import BadCursor, newest_first
from monitor.queries.terms import ACTIVE, Query

PAGE = 25
HOURS = 24
_COLUMNS = {"is": "status", "severity": "severity", "class": "leak_class", "rule": "rule", "workflow": "workflow"}


@dataclass(frozen=True, slots=True)
class IncidentList:
    """`total` incidents match; `next` is the cursor of the page after these rows, empty at the end."""

    rows: tuple[IncidentLine, ...]
    total: int
    active: int
    next: str


def incident_list(project: Project, query: Query, *, me: User, cursor: str, now: datetime) -> IncidentList:
    """A page of what the query finds; nothing for a query with an error. Seven queries.

    A cursor that is none of ours means the first page.
    """
    if query.error:
        return IncidentList(rows=(), total=0, active=0, next="")
    matching = _matching(project, query, me)
    try:
        page = newest_first(matching.select_related("assignee"), by="detected_at", cursor=cursor, limit=PAGE)
    except BadCursor:
        page = newest_first(matching.select_related("assignee"), by="detected_at", cursor=None, limit=PAGE)
    return IncidentList(
        rows=lines_of(project, page.items, now=now, bucket=timedelta(hours=1), buckets=HOURS),
        total=matching.count(),
        active=matching.filter(status__in=ACTIVE).count(),
        next=page.next or "",
    )


def _matching(project: Project, query: Query, me: User) -> QuerySet[Incident]:
    found = Incident.objects.filter(project=project, withdrawn_at=None)
    for field, column in _COLUMNS.items():
        if wanted := query.any_of(field):
            found = found.filter(**{f"{column}__in": wanted})
        if unwanted := query.none_of(field):
            found = found.exclude(**{f"{column}__in": unwanted})
    for field in ("run", "session", "who"):
        if wanted := query.any_of(field):
            found = found.filter(_touching(field, wanted, me))
        if unwanted := query.none_of(field):
            found = found.exclude(_touching(field, unwanted, me))
    for word in query.words:
        found = found.filter(_saying(word))
    return found


def _touching(field: str, values: tuple[str, ...], me: User) -> Q:
    if field == "who":
        q = Q()
        for value in values:
            q |= _held_by(value, me)
        return q
    column = "affected__run__run_id__in" if field == "run" else "affected__session__in"
    touched = Incident.objects.filter(**{column: values}).values("pk")
    return Q(pk__in=touched)


def _held_by(value: str, me: User) -> Q:
    if value == "me":
        return Q(assignee=me)
    if value == "nobody":
        return Q(assignee=None, acknowledged_at=None)
    return Q(assignee__username__iexact=value) | Q(assignee=None, acknowledged_by__iexact=value)


def _saying(word: str) -> Q:
    said = Q(title__icontains=word) | Q(path__icontains=word) | Q(rule__icontains=word)
    said |= Q(workflow__icontains=word)
    number = word.upper().removeprefix("INC-")
    if number.isascii() and number.isdigit() and len(number) < 10:
        said |= Q(number=int(number))
    return said
