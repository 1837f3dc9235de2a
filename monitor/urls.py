"""The site's table of contents, one line a page."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from importlib import import_module

from monitor.views import auth, incidents, overview, rules, runs

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("heartbeat/", auth.heartbeat, name="heartbeat"),
    path("sign-in/", auth.sign_in, name="sign-in"),
    path("sign-out/", auth.sign_out, name="sign-out"),
    path("project/", auth.choose_project, name="choose-project"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<str:key>/", incidents.incident, name="incident"),
    path("incidents/<str:key>/do/<str:action>/", incidents.act, name="incident-act"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<path:run_id>/", runs.run, name="run"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<str:rule_id>/", rules.rule, name="rule"),
    path("admin/", admin.site.urls),
]
