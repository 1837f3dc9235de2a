"""Anomalies and incidents as lists, and how far the pipeline is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.models import Work
from monitor.queries import anomalies, incidents, runs, status
from monitor.queries.incidents import IncidentFilter
from tests.factories import (
    NOW,
    make_anomaly,
    make_channel,
    make_event,
    make_incident,
    make_notification,
    make_project,
    make_run,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_the_anomaly_list_costs_the_same_for_2_and_for_20(django_assert_num_queries):
    project = make_project()
    for rows in (2, 18):
        for _ in range(rows):
            make_anomaly(run=make_run(project=project), incident=make_incident(project=project))
        with django_assert_num_queries(1):
            shown = [anomalies.as_json(one) for one in anomalies.page(project).items]
    assert len(shown) == 20


def test_the_incident_list_costs_the_same_for_2_and_for_20(django_assert_num_queries):
    project = make_project()
    for rows in (2, 18):
        for _ in range(rows):
            make_incident(project=project, assignee=make_user(project=project))
        with django_assert_num_queries(1):
            shown = [incidents.as_json(one) for one in incidents.page(project, IncidentFilter()).items]
    assert len(shown) == 20


def test_a_run_costs_the_same_for_2_and_for_20_events(django_assert_num_queries):
    project = make_project()
    run = make_run(project=project)
    for rows in (2, 18):
        for _ in range(rows):
            make_anomaly(run=run, incident=make_incident(project=project))
            make_run(project=project, parent_run_id=run.run_id)
        found = runs.find(project, run.run_id)
        assert found is not None
        with django_assert_num_queries(5):
            shown = runs.as_json(found)
    assert (len(shown["steps"]), len(shown["anomalies"]), len(shown["incidents"]), len(shown["children"])) == (
        20,
        20,
        20,
        20,
    )


def test_an_incident_has_many_names_and_only_in_its_project():
    project, other = make_project(), make_project()
    incident = make_incident(project=project, number=142)
    make_incident(project=other, number=142)
    for name in ("INC-142", "inc-142", str(incident.uuid), incident.uuid, incident.pk):
        assert incidents.find(project, name) == incident
    for name in (incident.uuid, incident.pk):
        assert incidents.find(other, name) is None
    for name in ("142", "INC-0142", "INC-", "", "INC-142\n", "٤٢"):
        assert incidents.find(project, name) is None


def test_a_withdrawn_incident_is_nowhere():
    project = make_project()
    incident = make_incident(project=project, withdrawn_at=NOW)
    make_anomaly(run=make_run(project=project), incident=incident)
    loose = make_anomaly(run=make_run(project=project))
    assert incidents.find(project, incident.key) is None
    assert incidents.page(project, IncidentFilter()).items == ()
    assert anomalies.page(project).items == (loose,)
    assert status.incidents_by_status(project)["open"] == 0
    assert status.pipeline(project, now=NOW).anomalies_last_hour == 1


def test_the_pipeline_says_what_is_pending_and_since_when():
    project = make_project()
    run = make_run(project=project)
    make_event(run=run)
    make_event(run=make_run(project=make_project()))
    at = {"created_at": NOW - timedelta(seconds=9), "not_before": NOW}
    Work.objects.create(project=project, run=run, reason="events", event_pks=[1, 2, 3], **at)
    Work.objects.create(project=project, run=run, reason="dependency", failures=2, **at)
    make_notification(channel=make_channel(project=project))
    make_notification(channel=make_channel(project=project), status="given_up")

    told = status.pipeline(project, now=NOW)
    assert (told.pending_events, told.pending_alerts, told.settled) == (4, 1, False)
    assert (told.oldest_pending_seconds, told.failing_runs) == (9.0, 1)
    assert (told.last_event_at, told.events_last_hour) == (NOW, 1)
    assert status.pipeline(make_project(), now=NOW).settled
