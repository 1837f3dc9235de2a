"""Typed makers of stored records, one function a noun; every argument has a sensible default."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from monitor.models import (
    Anomaly,
    ApiKey,
    Channel,
    Event,
    Incident,
    IncidentLog,
    IncidentRun,
    Membership,
    Notification,
    Postmortem,
    Project,
    RuleFailure,
    Run,
    Workflow,
)

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
_count = itertools.count(1)


def make_project(*, name: str = "Shop", now: datetime = NOW, **fields: Any) -> Project:
    n = next(_count)
    return Project.objects.create(name=name, slug=fields.pop("slug", f"project-{n}"), created_at=now, **fields)


def make_user(
    *,
    name: str = "",
    project: Project | None = None,
    role: str = "responder",
    password: str = "correct horse",
    now: datetime = NOW,
) -> User:
    name = name or f"user-{next(_count)}"
    user = get_user_model().objects.create_user(name, f"{name}@example.com", password)
    if project is not None:
        Membership.objects.create(project=project, user=user, role=role, created_at=now)
    return user


def make_api_key(
    *,
    project: Project,
    token: str = "",
    scopes: tuple[str, ...] = ("ingest", "read", "write"),
    now: datetime = NOW,
    **fields: Any,
) -> tuple[ApiKey, str]:
    token = token or f"ct_test_{next(_count):032d}"
    key = ApiKey.objects.create(
        project=project,
        name=fields.pop("name", "test key"),
        prefix=token[:8],
        digest=hashlib.sha256(token.encode()).digest(),
        scopes=list(scopes),
        created_at=now,
        **fields,
    )
    return key, token


def make_workflow(*, project: Project, name: str = "checkout", now: datetime = NOW, **fields: Any) -> Workflow:
    return Workflow.objects.create(project=project, name=name, first_seen_at=now, **fields)


def event_dict(**fields: Any) -> dict[str, Any]:
    """One valid context event as its sender writes it."""
    n = next(_count)
    return {
        "event_id": f"e-{n}",
        "occurred_at": "2026-11-20T09:59:00Z",
        "workflow": "checkout",
        "run_id": "r-1",
        "step": "LoadCart",
        "phase": "exit",
        "context": {"session_id": "s-1"},
        **fields,
    }


def make_run(
    *, project: Project, run_id: str = "", workflow: str = "checkout", now: datetime = NOW, **fields: Any
) -> Run:
    defaults: dict[str, Any] = {
        "first_at": now - timedelta(seconds=2),
        "last_at": now - timedelta(seconds=1),
        "session": "s-1",
        "judged_at": now,
    }
    return Run.objects.create(
        project=project,
        run_id=run_id or f"r-{next(_count)}",
        workflow=workflow,
        created_at=now,
        **{**defaults, **fields},
    )


def make_event(*, run: Run, now: datetime = NOW, **fields: Any) -> Event:
    """A stored event of the run; `fields` are those of the wire form."""
    from monitor.queries.events import pack

    occurred_at = fields.pop("at", now - timedelta(seconds=1))
    wire = event_dict(workflow=run.workflow, run_id=run.run_id, occurred_at=occurred_at.isoformat(), **fields)
    body = pack(wire)
    return Event.objects.create(
        project=run.project,
        run=run,
        event_id=wire["event_id"],
        occurred_at=occurred_at,
        received_at=now,
        workflow=run.workflow,
        step=wire["step"],
        phase=wire["phase"],
        body=body,
        context_bytes=len(str(wire["context"])),
    )


def make_incident(*, project: Project, now: datetime = NOW, **fields: Any) -> Incident:
    number = fields.pop("number", None) or Incident.objects.filter(project=project).count() + 1
    defaults: dict[str, Any] = {
        "fingerprint": f"v1:{next(_count):064d}",
        "severity": "critical",
        "leak_class": "temporal",
        "rule": "foreign-session",
        "workflow": "checkout",
        "path": "$.cart.session_id",
        "title": "Session s-1's id entered run r-2 at LoadCart, through redis:cart:current.",
        "occurred_at": now - timedelta(seconds=6),
        "last_occurred_at": now - timedelta(seconds=3),
        "detected_at": now,
        "last_detected_at": now,
    }
    incident = Incident.objects.create(project=project, number=number, **{**defaults, **fields})
    IncidentLog.objects.create(incident=incident, at=incident.detected_at, kind="opened", by="Crosstalk")
    return incident


def make_anomaly(
    *, run: Run, incident: Incident | None = None, event: Event | None = None, now: datetime = NOW, **fields: Any
) -> Anomaly:
    event = event or make_event(run=run, now=now)
    defaults: dict[str, Any] = {
        "rule": "foreign-session",
        "leak_class": "temporal",
        "severity": "critical",
        "workflow": run.workflow,
        "step": event.step,
        "phase": event.phase,
        "attempt": 1,
        "path": "$.session_id",
        "expected": "s-2",
        "observed": "s-1",
        "message": "Session s-1's id stands in this run.",
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "detected_at": now,
        "key_digest": hashlib.blake2b(str(next(_count)).encode(), digest_size=16).digest(),
    }
    anomaly = Anomaly.objects.create(
        project=run.project, run=run, event=event, incident=incident, **{**defaults, **fields}
    )
    if incident is not None:
        _, new = IncidentRun.objects.get_or_create(
            incident=incident,
            run=run,
            defaults={"session": run.session, "tenant": run.tenant, "first_at": anomaly.occurred_at},
        )
        incident.anomaly_count += 1
        incident.run_count += int(new)
        incident.session_count = incident.affected.exclude(session=None).values("session").distinct().count()
        incident.tenant_count = incident.affected.exclude(tenant=None).values("tenant").distinct().count()
        incident.save()
    return anomaly


def make_rule_failure(
    *, run: Run, rule: str = "foreign-session", now: datetime = NOW, **fields: Any
) -> RuleFailure:
    defaults: dict[str, Any] = {"error": "KeyError", "count": 1, "first_at": now, "last_at": now}
    return RuleFailure.objects.create(project=run.project, run=run, rule=rule, **{**defaults, **fields})


def make_channel(
    *, project: Project, url: str = "http://127.0.0.1:9/hook", now: datetime = NOW, **fields: Any
) -> Channel:
    defaults: dict[str, Any] = {"name": "on call", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    return Channel.objects.create(project=project, url=url, created_at=now, **{**defaults, **fields})


def make_notification(
    *, channel: Channel, incident: Incident | None = None, now: datetime = NOW, **fields: Any
) -> Notification:
    defaults: dict[str, Any] = {
        "kind": "incident.opened",
        "dedup_key": f"key-{next(_count)}",
        "payload": {"type": "incident.opened"},
        "next_try_at": now if fields.get("status", "pending") == "pending" else None,
        "delivered_at": now if fields.get("status") == "delivered" else None,
    }
    return Notification.objects.create(
        project=channel.project, channel=channel, incident=incident, created_at=now, **{**defaults, **fields}
    )


def make_postmortem(
    *, project: Project, incident: Incident | None = None, now: datetime = NOW, **fields: Any
) -> Postmortem:
    postmortem = Postmortem.objects.create(
        project=project,
        title=fields.pop("title", "A cart in two sessions"),
        created_at=now,
        updated_at=now,
        **fields,
    )
    if incident is not None:
        postmortem.incidents.add(incident)
    return postmortem
