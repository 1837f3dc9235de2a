"""The incidents that a query finds, newest first, a page at a time."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from monitor.models import Incident, Project
from monitor.queries.overview import holder_of, sparks_of
from monitor.queries.terms import ACTIVE, Query

PAGE = 25
HOURS = 24
_COLUMNS = {"is": "status", "severity": "severity", "class": "leak_class", "rule": "rule", "workflow": "workflow"}


@dataclass(frozen=True, slots=True)
class Row:
    """One incident of the list. `spark` counts anomalies by the hour of `detected_at` over the last day."""

    key: str
    title: str
    severity: str
    status: str
    leak_class: str
    rule: str
    workflow: str
    detected_at: datetime
    last_detected_at: datetime
    runs: int
    sessions: int
    holder: str
    spark: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IncidentList:
    """`total` incidents match; `next` is the cursor of the page after these rows, empty at the end."""

    rows: tuple[Row, ...]
    total: int
    active: int
    next: str


def incident_list(project: Project, query: Query, *, me: User, cursor: str, now: datetime) -> IncidentList:
    """A page of what the query finds; nothing for a query with an error. Four queries.

    A cursor that is none of ours means the first page.
    """
    if query.error:
        return IncidentList(rows=(), total=0, active=0, next="")
    matching = _matching(project, query, me)
    after = _after(cursor)
    found = list(
        matching.filter(after).select_related("assignee").order_by("-detected_at", "-id")[: PAGE + 1]
    )
    page = found[:PAGE]
    sparks = sparks_of(project, [each.pk for each in page], now=now, bucket=timedelta(hours=1), buckets=HOURS)
    return IncidentList(
        rows=tuple(_row(each, sparks.get(each.pk, ())) for each in page),
        total=matching.count(),
        active=matching.filter(status__in=ACTIVE).count(),
        next=_cursor(page[-1]) if len(found) > PAGE else "",
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


def _row(incident: Incident, spark: tuple[int, ...]) -> Row:
    return Row(
        key=incident.key,
        title=incident.title,
        severity=incident.severity,
        status=incident.status,
        leak_class=incident.leak_class,
        rule=incident.rule,
        workflow=incident.workflow,
        detected_at=incident.detected_at,
        last_detected_at=incident.last_detected_at,
        runs=incident.run_count,
        sessions=incident.session_count,
        holder=holder_of(incident),
        spark=spark,
    )


def _cursor(last: Incident) -> str:
    return base64.urlsafe_b64encode(f"{last.detected_at.isoformat()} {last.pk}".encode()).decode()


def _after(cursor: str) -> Q:
    try:
        at, _, pk = base64.urlsafe_b64decode(cursor.encode("ascii", "replace")).decode().partition(" ")
        detected_at, number = datetime.fromisoformat(at), int(pk)
    except (binascii.Error, ValueError):
        return Q()
    if detected_at.tzinfo is None:
        return Q()
    return Q(detected_at__lt=detected_at) | Q(detected_at=detected_at, pk__lt=number)
