"""What people do about an incident."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from monitor.models import Incident, IncidentLog, Notification, Project
from monitor.services import incidents
from monitor.services.actor import SYSTEM, Actor
from tests.factories import NOW, make_api_key, make_channel, make_incident, make_project, make_user

ANN = Actor(label="Ann")
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def lines(incident: Incident) -> list[tuple[str, str, str]]:
    rows = IncidentLog.objects.filter(incident=incident).exclude(kind="opened").order_by("id")
    return list(rows.values_list("kind", "by", "note"))


def test_acknowledging_says_who_and_when(project: Project) -> None:
    user = make_user(name="ann", project=project)
    incident = make_incident(project=project)
    one = incidents.acknowledge(incident=incident, by=Actor.of_user(user), now=LATER, note=" on it ")
    assert (one.status, one.acknowledged_at, one.acknowledged_by) == ("acknowledged", LATER, "ann")
    assert lines(one) == [("acknowledged", "ann", "on it")]
    assert one.log.get(kind="acknowledged").user == user


def test_acknowledging_twice_changes_nothing(project: Project) -> None:
    incident = make_incident(project=project)
    incidents.acknowledge(incident=incident, by=ANN, now=NOW)
    again = incidents.acknowledge(incident=incident, by=Actor(label="Bob"), now=LATER)
    assert (again.acknowledged_at, again.acknowledged_by) == (NOW, "Ann")
    assert len(lines(incident)) == 1


def test_resolving_tells_the_channels_once(project: Project) -> None:
    make_channel(project=project)
    incident = make_incident(project=project)
    resolved = incidents.resolve(incident=incident, by=ANN, now=LATER, reason="reset the cache")
    assert (resolved.status, resolved.resolved_at, resolved.resolved_by) == ("resolved", LATER, "Ann")
    assert [(row.kind, row.payload["data"]["status"]) for row in Notification.objects.all()] == [
        ("incident.resolved", "resolved")
    ]
    with pytest.raises(incidents.Refused, match=r"INC-1 is resolved: reopen it first"):
        incidents.resolve(incident=incident, by=ANN, now=LATER)
    assert Notification.objects.count() == 1


def test_reopening_clears_the_end_and_keeps_the_first_acknowledgement(project: Project) -> None:
    make_channel(project=project)
    incident = make_incident(project=project)
    incidents.acknowledge(incident=incident, by=ANN, now=NOW)
    incidents.resolve(incident=incident, by=ANN, now=NOW)
    one = incidents.reopen(incident=incident, by=Actor(label="Bob"), now=LATER, note="it is back")
    assert (one.status, one.resolved_at, one.resolved_by, one.reopened) == ("open", None, "", 1)
    assert one.acknowledged_at == NOW
    one = incidents.acknowledge(incident=incident, by=Actor(label="Bob"), now=LATER)
    assert (one.status, one.acknowledged_at, one.acknowledged_by) == ("acknowledged", NOW, "Ann")
    incidents.resolve(incident=incident, by=ANN, now=LATER)
    kinds = Notification.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["incident.resolved", "incident.reopened", "incident.resolved"]


def test_it_stays_closed_beside_a_later_open_one_of_its_group(project: Project) -> None:
    old = make_incident(project=project, fingerprint="v1:same")
    incidents.resolve(incident=old, by=ANN, now=NOW)
    make_incident(project=project, fingerprint="v1:same")
    with pytest.raises(incidents.Refused, match="a later incident"):
        incidents.reopen(incident=old, by=ANN, now=LATER)
    assert lines(old) == [("resolved", "Ann", "")]


@pytest.mark.parametrize(
    ("act", "allowed", "becomes"),
    [
        (incidents.mitigate, {"open", "acknowledged"}, "mitigated"),
        (incidents.resolve, {"open", "acknowledged", "mitigated", "known"}, "resolved"),
        (incidents.reopen, {"resolved", "false_positive", "known"}, "open"),
        (incidents.mark_known, {"open", "acknowledged", "mitigated"}, "known"),
        (
            incidents.mark_false_positive,
            {"open", "acknowledged", "mitigated", "known", "resolved"},
            "false_positive",
        ),
        (incidents.acknowledge, {"open", "acknowledged"}, "acknowledged"),
    ],
)
def test_each_act_is_refused_where_it_makes_no_sense(
    project: Project, act: Callable[..., Incident], allowed: set[str], becomes: str
) -> None:
    for status in Incident.Status.values:
        ended = {"resolved_at": NOW, "resolved_by": "Ann"} if status == "resolved" else {}
        taken = {"acknowledged_at": NOW, "acknowledged_by": "Ann"} if status == "acknowledged" else {}
        incident = make_incident(project=project, status=status, **ended, **taken)
        if status in allowed:
            assert act(incident=incident, by=ANN, now=LATER).status == becomes
        else:
            with pytest.raises(incidents.Refused, match=f"{incident.key} is {status.replace('_', ' ')}: "):
                act(incident=incident, by=ANN, now=LATER)
            incident.refresh_from_db()
            assert incident.status == status


def test_a_withdrawn_incident_is_beyond_acting(project: Project) -> None:
    incident = make_incident(project=project, withdrawn_at=NOW)
    for act in (incidents.acknowledge, incidents.resolve, incidents.mark_known):
        with pytest.raises(incidents.Refused, match="withdrawn"):
            act(incident=incident, by=ANN, now=LATER)
    with pytest.raises(incidents.Refused, match="withdrawn"):
        incidents.add_note(incident=incident, by=ANN, now=LATER, note="hm")


def test_notes_and_assignments_are_logged(project: Project) -> None:
    incident = make_incident(project=project)
    ann = make_user(name="ann", project=project)
    incidents.add_note(incident=incident, by=ANN, now=LATER, note=" seen in Riga ")
    assert incidents.assign(incident=incident, user=ann, by=ANN, now=LATER).assignee == ann
    incidents.assign(incident=incident, user=ann, by=ANN, now=LATER)
    assert incidents.assign(incident=incident, user=None, by=SYSTEM, now=LATER).assignee is None
    assert lines(incident) == [
        ("noted", "Ann", "seen in Riga"),
        ("assigned", "Ann", "ann"),
        ("unassigned", "Crosstalk", ""),
    ]
    with pytest.raises(incidents.Refused, match="empty"):
        incidents.add_note(incident=incident, by=ANN, now=LATER, note="  ")
    with pytest.raises(incidents.Refused, match="member"):
        incidents.assign(incident=incident, user=make_user(name="stranger"), by=ANN, now=LATER)


def test_a_program_acts_under_the_name_of_its_key(project: Project) -> None:
    key, _ = make_api_key(project=project, name="pager bridge")
    one = incidents.acknowledge(incident=make_incident(project=project), by=Actor.of_key(key), now=LATER)
    assert one.acknowledged_by == "key pager bridge"
    assert one.log.get(kind="acknowledged").api_key == key


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_resolves() -> None:
    project = make_project()
    make_channel(project=project)
    incident = make_incident(project=project)
    together = Barrier(2)

    def resolve(name: str) -> str:
        try:
            together.wait(timeout=10)
            incidents.resolve(incident=incident, by=Actor(label=name), now=LATER)
        except incidents.Refused:
            return "refused"
        finally:
            connection.close()
        return name

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(resolve, ["Ann", "Bob"]))
    incident.refresh_from_db()
    assert outcomes == sorted(["refused", incident.resolved_by])
    assert [kind for kind, _, _ in lines(incident)] == ["resolved"]
    assert Notification.objects.count() == 1
