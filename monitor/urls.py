"""The site's table of contents, one line a page."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from monitor.views import auth, incidents, metrics, overview, postmortems, reports, rules, runs, setup

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("last-hour/", overview.below, name="overview-below"),
    path("heartbeat/", auth.heartbeat, name="heartbeat"),
    path("sign-in/", auth.sign_in, name="sign-in"),
    path("sign-out/", auth.sign_out, name="sign-out"),
    path("project/", auth.choose_project, name="choose-project"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<str:key>/", incidents.incident, name="incident"),
    path("incidents/<str:key>/postmortem/", postmortems.begin, name="postmortem-begin"),
    path("incidents/<str:key>/<str:action>/", incidents.act, name="incident-act"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<path:run_id>/", runs.run, name="run"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<str:rule_id>/", rules.rule, name="rule"),
    path("metrics/", metrics.metrics, name="metrics"),
    path("metrics/metrics.csv", metrics.metrics_csv, name="metrics-csv"),
    path("metrics/metrics.json", metrics.metrics_json, name="metrics-json"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<str:quarter>/", reports.report, name="report"),
    path("postmortems/", postmortems.postmortems, name="postmortems"),
    path("postmortems/<uuid:uuid>/", postmortems.postmortem, name="postmortem"),
    path("postmortems/<uuid:uuid>/edit/", postmortems.edit, name="postmortem-edit"),
    path("postmortems/<uuid:uuid>/publish/", postmortems.publish, name="postmortem-publish"),
    path("postmortems/<uuid:uuid>/postmortem.md", postmortems.markdown, name="postmortem-markdown"),
    path("setup/", setup.setup, name="setup"),
    path("setup/keys/", setup.create_key, name="setup-key"),
    path("setup/keys/<uuid:uuid>/revoke/", setup.revoke_key, name="setup-key-revoke"),
    path("setup/waiting/", setup.waiting, name="setup-waiting"),
    path("setup/webhooks/", setup.create_webhook, name="setup-webhook"),
    path("setup/webhooks/<uuid:uuid>/", setup.webhook, name="setup-webhook-line"),
    path("setup/webhooks/<uuid:uuid>/test/", setup.test_webhook, name="setup-webhook-test"),
    path("setup/webhooks/<uuid:uuid>/remove/", setup.remove_webhook, name="setup-webhook-remove"),
    path("admin/login/", auth.admin_sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
]
