"""Whether the latest synthetic leak was detected and told in time: from rows and the clock alone.

Who asks needs no worker and no beat to be alive: a check that nobody settled is settled by looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db.models import Min, Q

from monitor.models import Incident, SelfCheck

PROJECT_SLUG = "_self-check"
"""No name of a person's project becomes this slug."""
RULE = "foreign-session"
LOOKED_AT = 20
State = Literal["waiting", "passed", "missed"]
SLACK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """When a check's incident was opened, and when its alert had passed the outbox."""

    detected_at: datetime | None
    alerted_at: datetime | None


@dataclass(frozen=True, slots=True)
class SelfCheckStanding:
    """`ok` is None where it is switched off or none has ended yet; `problem` is a sentence for people, or empty.

    `began_at` is of the check that this rests on, `seconds` how long the latest good one took.
    """

    ok: bool | None
    began_at: datetime | None = None
    seconds: float | None = None
    problem: str = ""


def workflow_of(check: SelfCheck) -> str:
    """The workflow whose leak it is: one of its own, so that each check is an incident of its own."""
    return f"self-check {check.uuid.hex}"


def look(check: SelfCheck) -> Seen:
    """What the line has made of a check so far."""
    if check.alerted_at is not None:
        return Seen(check.detected_at, check.alerted_at)
    mine = Incident.objects.filter(project__slug=PROJECT_SLUG, workflow=workflow_of(check), rule=RULE)
    told = Min("notifications__delivered_at", filter=Q(notifications__status="delivered"))
    found = mine.aggregate(detected=Min("detected_at"), told=told)
    return Seen(found["detected"], found["told"])


def state_of(check: SelfCheck, seen: Seen, *, now: datetime) -> State:
    """Whether it was detected and told by its deadline, was not, or still has time."""
    if check.missed_at is not None:
        return "missed"
    if seen.alerted_at is not None and seen.alerted_at <= check.deadline_at:
        return "passed"
    return "missed" if now > check.deadline_at else "waiting"


def problem_of(check: SelfCheck, seen: Seen) -> str:
    """What went wrong with a missed check, as a sentence."""
    within = f"within {(check.deadline_at - check.began_at).total_seconds():g} s"
    leak = f"the leak of {check.began_at:%H:%M} UTC"
    if check.sent_at is None:
        return f"{leak} was not taken at the front door {within} ({check.error or 'nobody sent it'})."
    if seen.detected_at is None or seen.detected_at > check.deadline_at:
        return f"{leak} was not detected {within}."
    return f"{leak} was detected, but its alert was not sent {within}."


def standing(*, now: datetime) -> SelfCheckStanding:
    """How the self-check stands, in two or three small queries."""
    if not settings.SYNTHETIC_LEAK_SECONDS:
        return SelfCheckStanding(None)
    latest = list(SelfCheck.objects.order_by("-began_at", "-id")[:LOOKED_AT])
    for check in latest:
        seen = look(check)
        state = state_of(check, seen, now=now)
        if state == "waiting":
            continue
        if state == "missed":
            return SelfCheckStanding(False, check.began_at, problem=problem_of(check, seen))
        return _passed(check, seen, newest=latest[0].began_at, now=now)
    return SelfCheckStanding(None)


def _passed(check: SelfCheck, seen: Seen, *, newest: datetime, now: datetime) -> SelfCheckStanding:
    seconds = (seen.alerted_at - check.began_at).total_seconds() if seen.alerted_at else None
    late = timedelta(seconds=2 * settings.SYNTHETIC_LEAK_SECONDS + SLACK_SECONDS)
    if now - newest > late:
        problem = f"none was made since {newest:%H:%M} UTC: beat does not run."
        return SelfCheckStanding(False, newest, seconds, problem)
    return SelfCheckStanding(True, check.began_at, seconds)
