"""A synthetic leak through the whole line, every few minutes: one that is missed is itself an alert.

The leak enters by the front door over HTTP, into a project of Crosstalk's own that nobody belongs to, is judged
as any other, opens an incident and passes the outbox. Beat makes the checks and settles them, so that dead
workers are noticed; what a check has become is read from rows and the clock (queries/self_check.py).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from monitor.channels import own_door
from monitor.models import SelfCheck
from monitor.queries import pulses
from monitor.queries.self_check import PROJECT_SLUG, Seen, look, problem_of, state_of
from monitor.services import notify, self_check_project

logger = logging.getLogger(__name__)

MISSED = "self_check.missed"
RECOVERED = "self_check.recovered"
WORKERS_SILENT_SECONDS = 20.0
TAKEN = 202
_ALERTS_AT_A_TIME = 20


def look_after(*, now: datetime) -> None:
    """Settles the checks under way, makes the next one where it is due, and delivers what no worker does.

    Call it every few seconds, from one process. `now` is the server's time.
    """
    if not settings.SYNTHETIC_LEAK_SECONDS:
        return
    for check in SelfCheck.objects.filter(missed_at=None, alerted_at=None).order_by("began_at", "id"):
        _settle(check, now=now)
    latest = SelfCheck.objects.order_by("-began_at", "-id").first()
    if latest is None or now >= latest.began_at + timedelta(seconds=_pause_seconds()):
        self_check_project.forget(now=now)
        latest = _begin(now)
    if latest.sent_at is None and latest.missed_at is None:
        _send(latest, now=now)
    if pulses.silent(pulses.WORKER, seconds=WORKERS_SILENT_SECONDS, now=now):
        notify.deliver_due(now=now, limit=_ALERTS_AT_A_TIME, kinds=(MISSED, RECOVERED))


def _pause_seconds() -> int:
    """Checks follow each other faster while one is missed: its end is news too."""
    pause: int = settings.SYNTHETIC_LEAK_SECONDS
    return min(pause, settings.SYNTHETIC_LEAK_DEADLINE_SECONDS) if _outage().exists() else pause


def _begin(now: datetime) -> SelfCheck:
    deadline = now + timedelta(seconds=settings.SYNTHETIC_LEAK_DEADLINE_SECONDS)
    return SelfCheck.objects.create(began_at=now, deadline_at=deadline)


def _send(check: SelfCheck, *, now: datetime) -> None:
    """Sends the leak; where the door does not take it, the next look tries again until the deadline."""
    token = self_check_project.token(now=now)
    try:
        status = own_door.post_events(
            address=settings.SELF_CHECK_URL,
            host=urlsplit(settings.BASE_URL).netloc,
            token=token,
            body=self_check_project.leak(check, now=now),
            request_id=f"self-check-{check.uuid.hex}",
        )
    except own_door.NoAnswer as error:
        check.error = f"no answer: {error}"
    else:
        check.sent_at, check.error = (now, "") if status == TAKEN else (None, f"status {status}")
    check.save(update_fields=["sent_at", "error"])


def _settle(check: SelfCheck, *, now: datetime) -> None:
    seen = look(check)
    state = state_of(check, seen, now=now)
    if state == "passed":
        with transaction.atomic():
            mine = SelfCheck.objects.filter(pk=check.pk, missed_at=None, alerted_at=None)
            if mine.update(detected_at=seen.detected_at, alerted_at=seen.alerted_at):
                _recover(now=now)
    elif state == "missed":
        _miss(check, seen, now=now)


def _miss(check: SelfCheck, seen: Seen, *, now: datetime) -> None:
    problem = problem_of(check, seen)
    with transaction.atomic():
        known = _outage().exists()
        mine = SelfCheck.objects.filter(pk=check.pk, missed_at=None)
        if not mine.update(missed_at=now, detected_at=seen.detected_at):
            return
        if not known:
            message = (
                f"Self-check: {problem} Leaks may go unseen or untold in every project until it passes again."
            )
            _tell(MISSED, check, message, now=now)
    logger.error(
        "the self-check missed its leak",
        extra={
            "self_check": str(check.uuid),
            "sent": check.sent_at is not None,
            "detected": bool(seen.detected_at),
        },
    )


def _recover(*, now: datetime) -> None:
    """Ends the outage, if there is one, and tells so once; belongs into the passing check's transaction."""
    first = _outage().select_for_update().order_by("began_at", "id").first()
    if first is None:
        return
    _outage().update(recovered_at=now)
    message = f"Self-check: leaks are detected and told again; they were not since {first.began_at:%H:%M} UTC."
    _tell(RECOVERED, first, message, now=now)
    logger.warning("the self-check passes again", extra={"self_check": str(first.uuid)})


def _tell(kind: str, check: SelfCheck, message: str, *, now: datetime) -> None:
    notify.tell_all(
        kind=kind,
        dedup_key=f"{kind}:{check.uuid}",
        data={"message": message, "began_at": check.began_at.isoformat(), "url": settings.BASE_URL},
        slugs=settings.SELF_CHECK_PROJECTS,
        besides=PROJECT_SLUG,
        now=now,
    )


def _outage() -> QuerySet[SelfCheck]:
    return SelfCheck.objects.filter(missed_at__isnull=False, recovered_at=None)
