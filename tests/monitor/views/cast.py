"""A fixed cast: people of a shop with each role, a stranger of another project, somebody of none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from monitor.models import Anomaly, Incident, Project, Run
from tests.factories import (
    make_anomaly,
    make_event,
    make_incident,
    make_project,
    make_run,
    make_user,
    make_workflow,
)

HOSTILE = '<script>alert("x")</script>'


@dataclass(frozen=True)
class Cast:
    """The shop, its people, and clients that are signed in as them."""

    project: Project
    admin: Client
    responder: Client
    viewer: Client
    stranger: Client
    nobody: Client
    anonymous: Client
    responder_user: User


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_cast() -> Cast:
    project = make_project(name="Shop")
    elsewhere = make_project(name="Elsewhere")
    responder = make_user(name="nada", project=project, role="responder")
    return Cast(
        project=project,
        admin=signed_in(make_user(name="kieran", project=project, role="admin")),
        responder=signed_in(responder),
        viewer=signed_in(make_user(name="vera", project=project, role="viewer")),
        stranger=signed_in(make_user(name="sam", project=elsewhere, role="admin")),
        nobody=signed_in(make_user(name="lone")),
        anonymous=Client(),
        responder_user=responder,
    )


@dataclass(frozen=True)
class Leak:
    """A cart of session s-1 in a run of session s-2, with the events on both sides."""

    incident: Incident
    victim: Run
    source: Run
    anomaly: Anomaly


def make_leak(
    project: Project, *, n: int = 1, value: str = "s-1", now: datetime | None = None, **fields: object
) -> Leak:
    """The source wrote its cart to redis:cart:current, the victim read it 41 s later."""
    now = now or timezone.now()
    source = make_run(
        project=project, run_id=f"add-to-cart-{n}", session=value, first_at=now - timedelta(seconds=60),
        last_at=now - timedelta(seconds=50), now=now,
    )  # fmt: skip
    wrote = {"store": "redis", "op": "write", "key": "cart:current", "ttl_seconds": 600}
    origin = make_event(
        run=source, at=now - timedelta(seconds=50), step="AddItems", context={"session_id": value, "cart": {}},
        accesses=[wrote], now=now,
    )  # fmt: skip
    victim = make_run(
        project=project, run_id=f"checkout-{n}", session=f"s-2-{n}", tenant="emea", event_count=2,
        ended=True, status="ok", now=now,
    )  # fmt: skip
    make_event(
        run=victim, at=now - timedelta(seconds=10), phase="enter", context={"session_id": f"s-2-{n}"}, now=now
    )
    read = make_event(
        run=victim, at=now - timedelta(seconds=9),
        context={"session_id": f"s-2-{n}", "cart": {"id": "c-1", "session_id": value}},
        accesses=[{"store": "redis", "op": "read", "key": "cart:current"}], now=now,
    )  # fmt: skip
    incident = make_incident(project=project, now=now, workflow=victim.workflow, **fields)
    anomaly = make_anomaly(
        run=victim, incident=incident, event=read, path="$.cart.session_id", expected=f"s-2-{n}", observed=value,
        source_run_id=source.run_id, source_step="AddItems", source_path="$.session_id",
        source_resource="redis:cart:current", source_event_id=origin.event_id,
        source_occurred_at=origin.occurred_at, now=now,
    )  # fmt: skip
    return Leak(incident, victim, source, anomaly)


def fill(project: Project, count: int) -> None:
    """So many leaks, each with an incident, two runs and a workflow of its own."""
    for n in range(count):
        make_workflow(project=project, name=f"workflow-{n}")
        make_leak(project, n=n)
