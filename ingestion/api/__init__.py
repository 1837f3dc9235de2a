"""The HTTP API, version 1: thin routes over formats, inbox, queries and services.

Source: INTERFACES.md, "HTTP".
"""

from __future__ import annotations

from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI, Swagger

from ingestion.api import anomalies, events, incidents, map_trials, maps, metrics, redaction, runs, status
from ingestion.api.errors import add_handlers, guarded, no_such_call

__all__ = ["no_such_call", "paths"]

api = NinjaAPI(
    title="Crosstalk",
    version="1",
    description="Context events in, leaks between workflow runs out. Errors are RFC 9457 problem documents.",
    urls_namespace="api",
    docs=Swagger(settings={"persistAuthorization": False}),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
add_handlers(api)
for module in (events, maps, map_trials, anomalies, incidents, runs, metrics, redaction, status):
    api.add_router("", module.router)


def paths() -> tuple[list[URLPattern | URLResolver], str, str]:
    """The API's URL patterns for `path("api/v1/", ...)`, every one of them guarded."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = guarded(pattern.callback)
    return patterns, app_name, namespace
