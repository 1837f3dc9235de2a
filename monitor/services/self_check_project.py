"""What the self-check needs to be a sender like any other: a project of its own, a key, a receiver, a leak."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from monitor.models import ApiKey, Channel, Incident, Project, Run, SelfCheck, Workflow
from monitor.queries.projects import token_digest
from monitor.queries.self_check import PROJECT_SLUG, workflow_of
from monitor.queries.wire import rfc3339
from monitor.services.actor import SYSTEM
from monitor.services.keys import create_key

NAME = "Crosstalk self-check"
CHECKS_KEPT = timedelta(days=30)


def token(*, now: datetime) -> str:
    """The token of the check's own key, made with its project where either is missing.

    It follows from SECRET_KEY, so that it is stored nowhere; with a new SECRET_KEY the old key ends.
    """
    project, _ = Project.objects.get_or_create(slug=PROJECT_SLUG, defaults={"name": NAME, "created_at": now})
    secret = "ct_" + salted_hmac("crosstalk.self-check", project.uuid.hex, algorithm="sha256").hexdigest()[:40]
    if not ApiKey.objects.filter(project=project, digest=token_digest(secret), revoked_at=None).exists():
        with transaction.atomic():
            ApiKey.objects.filter(project=project).delete()
            create_key(project=project, name=NAME, scopes=["ingest"], by=SYSTEM, now=now, token=secret)
    Channel.objects.get_or_create(
        project=project, kind=Channel.SELF_CHECK, name=NAME, defaults={"created_at": now}
    )
    return secret


def leak(check: SelfCheck, *, now: datetime) -> bytes:
    """Two runs as NDJSON: the second reads the first one's session from a shared key."""
    name = check.uuid.hex
    events = []
    for place, who in enumerate("ab"):
        for phase, session in (("enter", who), ("exit", "a")):
            at = now - timedelta(milliseconds=400 - 200 * place - (100 if phase == "exit" else 0))
            events.append(
                {
                    "event_id": f"self-check-{name}-{who}-{phase}",
                    "occurred_at": rfc3339(at),
                    "workflow": workflow_of(check),
                    "run_id": f"self-check-{name}-{who}",
                    "session": f"{who}-{name}",
                    "step": "Check",
                    "phase": phase,
                    "final": phase == "exit",
                    "context": {"cart": {"session_id": f"{session}-{name}"}},
                    "accesses": [
                        {"store": "self-check", "op": "read" if place else "write", "key": f"cart:{name}"}
                    ],
                }
            )
    return b"\n".join(json.dumps(event).encode() for event in events)


def forget(*, now: datetime) -> None:
    """Removes what earlier checks left in the project, and checks of long ago that ended well or are over."""
    keep_seconds = 2 * (settings.SYNTHETIC_LEAK_SECONDS + settings.SYNTHETIC_LEAK_DEADLINE_SECONDS)
    before = now - timedelta(seconds=keep_seconds)
    Incident.objects.filter(project__slug=PROJECT_SLUG, detected_at__lt=before).delete()
    Run.objects.filter(project__slug=PROJECT_SLUG, created_at__lt=before).delete()
    Workflow.objects.filter(project__slug=PROJECT_SLUG, first_seen_at__lt=before).delete()
    old = SelfCheck.objects.filter(began_at__lt=now - CHECKS_KEPT)
    old.exclude(missed_at__isnull=False, recovered_at=None).delete()
