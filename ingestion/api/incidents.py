"""`/api/v1/incidents`: what is wrong, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Query, Router
from pydantic import Field

from ingestion.api.answers import answer
from ingestion.api.params import Paging, cursors_checked
from ingestion.api.schemas import IncidentList, IncidentOut, Note
from ingestion.api.verdicts import IncidentWithVerdict
from ingestion.auth import KeyAuth, key_of
from ingestion.problems import Problem
from monitor.models import ApiKey, Incident
from monitor.queries import incident_verdict, incidents
from monitor.queries.incidents import IncidentFilter
from monitor.services import incidents as acts
from monitor.services.actor import Actor

router = Router(tags=["incidents"])


class Act(Protocol):
    """One of monitor.services.incidents that takes a note."""

    def __call__(self, *, incident: Incident, by: Actor, now: datetime, note: str = "") -> Any: ...


class Wanted(Paging):
    """What the list is narrowed to; several values are separated by commas."""

    status: str = Field("", description=", ".join(Incident.Status.values))
    severity: str = Field("", description="warning, high, critical")
    workflow: str = ""
    rule: str = ""
    text: str = Field("", description="in the title, the path or the key")


@router.get(
    "/incidents",
    auth=KeyAuth("read"),
    response={200: IncidentList},
    by_alias=True,
    summary="Incidents, newest first",
)
def incident_list(request: HttpRequest, wanted: Query[Wanted]) -> HttpResponse:
    """The latest detected first. Withdrawn ones never show."""
    narrow = IncidentFilter(
        status=_known("status", wanted.status, Incident.Status.values),
        severity=_known("severity", wanted.severity, ("warning", "high", "critical")),
        workflow=(wanted.workflow,) if wanted.workflow else (),
        rule=(wanted.rule,) if wanted.rule else (),
        text=wanted.text,
    )
    with cursors_checked():
        page = incidents.page(key_of(request).project, narrow, cursor=wanted.cursor, limit=wanted.limit)
    return answer(page.as_json(incidents.as_json))


def _known(name: str, text: str, known: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    values = tuple(value.strip() for value in text.split(",") if value.strip())
    if set(values) - set(known):
        said = f"one or more of {', '.join(known)}"
        raise Problem(422, f"Not understood: {name}. Send {said}.", errors=[{"field": name, "error": said}])
    return values


@router.get(
    "/incidents/{incident_id}",
    auth=KeyAuth("read"),
    response={200: IncidentWithVerdict},
    by_alias=True,
    summary="One incident, with its verdict",
)
def incident(request: HttpRequest, incident_id: str) -> HttpResponse:
    """By its `id`, or by its `key` such as INC-142."""
    project = key_of(request).project
    found = _find(key_of(request), incident_id)
    verdict = incident_verdict.as_json(incident_verdict.incident_verdict(project, found))
    return answer({**incidents.as_json(found), "verdict": verdict})


def _find(key: ApiKey, incident_id: str) -> Incident:
    found = incidents.find(key.project, incident_id)
    if found is None:
        raise Problem(404, "There is no such incident in this key's project.")
    return found


def _act(request: HttpRequest, incident_id: str, act: Act, note: Note | None) -> HttpResponse:
    key = key_of(request)
    found = _find(key, incident_id)
    try:
        act(incident=found, by=Actor.of_key(key), now=timezone.now(), note=note.note if note else "")
    except acts.Refused as error:
        raise Problem(409, str(error)) from error
    return answer(incidents.as_json(_find(key, incident_id)))


def _resolve(*, incident: Incident, by: Actor, now: datetime, note: str = "") -> Incident:
    return acts.resolve(incident=incident, by=by, now=now, reason=note)


def _add_act(name: str, act: Act, summary: str) -> None:
    def view(request: HttpRequest, incident_id: str, note: Body[Note | None] = None) -> HttpResponse:
        return _act(request, incident_id, act, note)

    view.__doc__ = f"{summary}. A `note` goes into the incident's log. 409 where its status does not allow it."
    register: Callable[[Callable[..., Any]], Any] = router.post(
        f"/incidents/{{incident_id}}/{name}",
        auth=KeyAuth("write"),
        response={200: IncidentOut},
        by_alias=True,
        summary=summary,
        operation_id=f"incident_{name.replace('-', '_')}",
    )
    register(view)


_add_act("acknowledge", acts.acknowledge, "Somebody has it")
_add_act("resolve", _resolve, "It is fixed")
_add_act("reopen", acts.reopen, "It was not fixed")
_add_act("mark-known", acts.mark_known, "Real, and accepted for now: no more alerts")
_add_act("mark-false-positive", acts.mark_false_positive, "No leak: what comes again never alerts")
