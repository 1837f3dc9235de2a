"""The front door's paths."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from ingestion import views
from ingestion.api import no_such_call, paths
from ingestion.problems import respond
from ingestion.traces import post_traces


@csrf_exempt  # every method gets the same 404, and nothing is changed
def _nothing_here(_: HttpRequest) -> HttpResponse:
    return respond(no_such_call())


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", paths()),
    re_path(r"^api/", _nothing_here),
    path("v1/traces", post_traces, name="traces"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("-/metrics", views.prometheus, name="prometheus"),
]
