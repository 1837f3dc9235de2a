"""Probes: alive, ready, and figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ingestion.auth import KeyAuth
from ingestion.limits import refused_since
from ingestion.problems import Problem, respond, unavailable
from monitor.models import Project
from monitor.queries import status
from monitor.queries.waiting import latest_pass

REDIS_TIMEOUT_SECONDS = 1.0


@never_cache
@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers; it asks nobody else, so that a database that is away restarts no web server."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    """200 where the database, its migrations and Redis are there; 503 with what is not otherwise."""
    checks = {"database": _database(), "redis": _redis()}
    ready = not any(checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": {k: v or "ok" for k, v in checks.items()}}
    return JsonResponse(body, status=200 if ready else 503)


def _database() -> str:
    """What is wrong with the database; empty where nothing is."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as error:
        return f"cannot be reached ({type(error).__name__})"
    return f"{len(missing)} migrations are not applied: run manage.py migrate" if missing else ""


def _redis() -> str:
    """What is wrong with Redis; empty where nothing is."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return f"cannot be reached ({type(error).__name__}): events are taken, and judged once it is back"
    return ""


@never_cache
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """The figures of the project whose read key asks, as Prometheus reads them.

    A key even on loopback: behind a proxy everybody comes from there.
    """
    try:
        project = KeyAuth("read")(request).project
        lines = list(_figures(project))
    except Problem as problem:
        return respond(problem)
    except (DatabaseError, InterfaceError):
        return respond(unavailable("The database"))
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8")


def _figures(project: Project) -> Iterable[str]:
    now = timezone.now()
    pipeline = status.pipeline(project, now=now)
    yield from _gauge("pending_events", "Events accepted and not judged yet", pipeline.pending_events)
    yield from _gauge("pending_alerts", "Alerts neither delivered nor given up yet", pipeline.pending_alerts)
    oldest = pipeline.oldest_pending_seconds or 0.0
    yield from _gauge("oldest_pending_seconds", "Age of the oldest event not judged yet", oldest)
    yield from _gauge("failing_runs", "Runs whose judging raised an error", pipeline.failing_runs)
    yield from _gauge("events_last_hour", "Events received in the last hour", pipeline.events_last_hour)
    yield from _gauge("anomalies_last_hour", "Anomalies detected in the last hour", pipeline.anomalies_last_hour)
    seconds, runs = latest_pass(project)
    yield from _gauge("crowd_seconds", "How long the latest judgement of all runs together took", seconds)
    yield from _gauge("crowd_runs", "How many runs it looked at", runs)
    refused = sum(refused_since(project, now - timedelta(hours=1)).values())
    yield from _gauge("refused_events", "Events refused in this clock hour and the one before", refused)
    errors = sum(one.errors for one in pipeline.failing_rules)
    yield from _gauge("rule_errors", "How often a rule raised, over the runs as they are judged now", errors)
    yield "# HELP crosstalk_rule_failing_runs Runs in which a rule raised and says nothing, by rule"
    yield "# TYPE crosstalk_rule_failing_runs gauge"
    for one in pipeline.failing_rules:
        yield f'crosstalk_rule_failing_runs{{rule="{one.rule}"}} {one.runs}'
    yield "# HELP crosstalk_incidents Incidents by status"
    yield "# TYPE crosstalk_incidents gauge"
    for name, count in status.incidents_by_status(project).items():
        yield f'crosstalk_incidents{{status="{name}"}} {count}'


def _gauge(name: str, text: str, value: float) -> Iterable[str]:
    yield f"# HELP crosstalk_{name} {text}"
    yield f"# TYPE crosstalk_{name} gauge"
    yield f"crosstalk_{name} {value}"
