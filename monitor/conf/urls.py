"""Where each path of the server leads: the front door first, then the site."""

from django.urls import include, path

urlpatterns = [
    path("", include("ingestion.urls")),
    path("", include("monitor.urls")),
]
