"""What people do about an incident: each act once, logged, and told to the channels where it matters.

Every act is one conditional UPDATE on the statuses that allow it, so of two people at once one
acts and the other is told what happened. All times are by the server's clock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser, User
from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf

from monitor.models import Incident, Membership
from monitor.models.incidents import STANDING
from monitor.services import journal, notify
from monitor.services.actor import Actor

Status = Incident.Status

_WHAT_TO_DO = {
    Status.OPEN: "acknowledge or resolve it",
    Status.ACKNOWLEDGED: "resolve it, or add a note",
    Status.MITIGATED: "resolve it once the fix is verified",
    Status.RESOLVED: "reopen it first",
    Status.KNOWN: "resolve it once it is fixed",
    Status.FALSE_POSITIVE: "reopen it if it was a real leak after all",
}


class Refused(Exception):
    """The incident's status does not allow the act; the message says the status and what to do."""


def acknowledge(*, incident: Incident, by: Actor, now: datetime, note: str = "") -> Incident:
    """Somebody has it: open becomes acknowledged. Of an acknowledged incident it changes nothing.

    The first acknowledgement's time and name stay through a reopening. Raises Refused.
    """
    changes = {
        "status": Status.ACKNOWLEDGED,
        "acknowledged_at": Coalesce(F("acknowledged_at"), Value(now)),
        "acknowledged_by": Coalesce(NullIf(F("acknowledged_by"), Value("")), Value(by.label)),
    }
    return _act(incident, "acknowledged", [Status.OPEN], changes, by=by, now=now, note=note, again=True)


def mitigate(*, incident: Incident, by: Actor, now: datetime, note: str = "") -> Incident:
    """The harm has stopped, the cause is still there. Raises Refused."""
    changes = {"status": Status.MITIGATED, "mitigated_at": now}
    return _act(incident, "mitigated", [Status.OPEN, Status.ACKNOWLEDGED], changes, by=by, now=now, note=note)


def resolve(*, incident: Incident, by: Actor, now: datetime, reason: str = "") -> Incident:
    """It is fixed: a standing incident becomes resolved, and the channels hear of it. Raises Refused."""
    changes = {"status": Status.RESOLVED, "resolved_at": now, "resolved_by": by.label}
    with transaction.atomic():
        resolved = _act(incident, "resolved", STANDING, changes, by=by, now=now, note=reason)
        notify.enqueue(incident=resolved, kind=notify.RESOLVED, now=now)
    return resolved


def reopen(*, incident: Incident, by: Actor, now: datetime, note: str = "") -> Incident:
    """It was not fixed, or is a real leak after all: open again, and the channels hear of it.

    Raises Refused, also where a later incident of the same group is already open.
    """
    allowed = [Status.RESOLVED, Status.FALSE_POSITIVE, Status.KNOWN]
    changes = {
        "status": Status.OPEN,
        "resolved_at": None,
        "resolved_by": "",
        "mitigated_at": None,
        "reopened": F("reopened") + 1,
    }
    try:
        with transaction.atomic():
            reopened = _act(incident, "reopened", allowed, changes, by=by, now=now, note=note)
            notify.enqueue(incident=reopened, kind=notify.REOPENED, now=now)
    except IntegrityError as error:
        raise Refused(
            f"{incident.key} stays closed: a later incident of the same workflow, rule and path is open already."
            " Work on that one."
        ) from error
    return reopened


def mark_known(*, incident: Incident, by: Actor, now: datetime, note: str = "") -> Incident:
    """Real and accepted for now: it goes on collecting runs without an alert. Raises Refused."""
    allowed = [Status.OPEN, Status.ACKNOWLEDGED, Status.MITIGATED]
    return _act(incident, "marked_known", allowed, {"status": Status.KNOWN}, by=by, now=now, note=note)


def mark_false_positive(*, incident: Incident, by: Actor, now: datetime, note: str = "") -> Incident:
    """No leak: what comes again is attached to it and never alerts. Raises Refused."""
    allowed = [*STANDING, Status.RESOLVED]
    changes = {"status": Status.FALSE_POSITIVE}
    return _act(incident, "marked_false_positive", allowed, changes, by=by, now=now, note=note)


def add_note(*, incident: Incident, by: Actor, now: datetime, note: str) -> Incident:
    """Adds a line of text to the log, whatever the status. Raises Refused for an empty note."""
    if not note.strip():
        raise Refused("The note is empty: write what you saw or did.")
    with transaction.atomic():
        present = _standing_row(incident)
        journal.write(incident=present, kind="noted", by=by, now=now, note=note.strip())
    return present


def assign(*, incident: Incident, user: AbstractUser | None, by: Actor, now: datetime) -> Incident:
    """Gives the incident to a member of its project, or to nobody. Raises Refused for a stranger."""
    if user is not None and not Membership.objects.filter(project=incident.project_id, user=user.pk).exists():
        raise Refused("Only a member of the project can be assigned.")
    with transaction.atomic():
        present = _standing_row(incident)
        if present.assignee_id == (user.pk if user else None):
            return present
        present.assignee = user if isinstance(user, User) else None
        present.save(update_fields=["assignee"])
        name = (user.get_full_name() or user.get_username()) if user else ""
        journal.write(incident=present, kind="assigned" if user else "unassigned", by=by, now=now, note=name)
    return present


def _act(
    incident: Incident,
    kind: str,
    allowed: Collection[str],
    changes: dict[str, Any],
    *,
    by: Actor,
    now: datetime,
    note: str,
    again: bool = False,
) -> Incident:
    """One conditional UPDATE and its log line; `again`: to be there already is no refusal."""
    with transaction.atomic():
        standing = Incident.objects.filter(pk=incident.pk, withdrawn_at__isnull=True)
        if not standing.filter(status__in=allowed).update(**changes):
            present = _standing_row(incident)
            if again and present.status == changes["status"]:
                return present
            raise Refused(_refusal(present))
        present = Incident.objects.select_related("project").get(pk=incident.pk)
        journal.write(incident=present, kind=kind, by=by, now=now, note=note.strip())
    return present


def _standing_row(incident: Incident) -> Incident:
    rows = Incident.objects.select_related("project").select_for_update(no_key=True, of=["self"])
    present = rows.get(pk=incident.pk)
    if present.withdrawn_at is not None:
        raise Refused(f"{present.key} was withdrawn: later events disproved it. There is nothing left to do.")
    return present


def _refusal(present: Incident) -> str:
    status = Status(present.status)
    return f"{present.key} is {status.value.replace('_', ' ')}: {_WHAT_TO_DO[status]}."
