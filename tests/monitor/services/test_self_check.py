"""The synthetic leak: through the whole line, missed when any part of it is dead, told once, over once."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from monitor.conf import watch
from monitor.models import (
    ApiKey,
    DeliveryAttempt,
    Event,
    Incident,
    Notification,
    Project,
    Run,
    SelfCheck,
    Workflow,
)
from monitor.queries import self_check as query
from monitor.queries.self_check import PROJECT_SLUG, standing
from monitor.services import deliver, detect, pulses, self_check, self_check_project
from tests.factories import make_channel, make_project
from tests.monitor.channels.receiver import answer, receiving

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)
CLOSED = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _switched_on(settings, live_server) -> None:
    settings.SYNTHETIC_LEAK_SECONDS, settings.SYNTHETIC_LEAK_DEADLINE_SECONDS = 300, 60
    settings.SELF_CHECK_URL = live_server.url


@pytest.fixture
def now() -> datetime:
    """Workers are alive at it."""
    moment = timezone.now()
    pulses.beat(name="worker", now=moment + timedelta(hours=1))
    return moment


def work(now: datetime) -> None:
    """What the workers do."""
    detect.judge_due(now=now, limit_runs=50)
    deliver.deliver_due(now=now, limit=50)


def told(kind: str) -> list[str]:
    return list(Notification.objects.filter(kind=kind).values_list("channel__project__slug", flat=True))


def test_a_leak_goes_through_the_whole_line(now):
    shop = make_channel(project=make_project(slug="shop"))
    self_check.look_after(now=now)
    assert standing(now=now).ok is None, "it is on its way"
    work(timezone.now())
    self_check.look_after(now=now + SECOND)

    check = SelfCheck.objects.get()
    assert check.sent_at == now
    assert check.began_at <= check.detected_at <= check.alerted_at <= check.deadline_at
    found = standing(now=now + SECOND)
    assert (found.ok, found.problem) == (True, "")
    assert 0 < found.seconds < 60
    incident = Incident.objects.get(rule="foreign-session")
    assert (incident.project.slug, incident.project.memberships.count()) == (PROJECT_SLUG, 0)
    assert not Notification.objects.filter(channel=shop).exists(), "nobody is told of a leak that was made"
    assert set(DeliveryAttempt.objects.values_list("status_code", flat=True)) == {None}, "nothing left the house"


def test_the_next_one_comes_after_its_time(now):
    for seconds, made in ((0, 1), (299, 1), (300, 2)):
        self_check.look_after(now=now + timedelta(seconds=seconds))
        work(timezone.now())
        assert SelfCheck.objects.count() == made


def test_dead_workers_are_noticed_and_told_of_by_beat_itself(settings, caplog):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    began = timezone.now()
    with receiving(answer(200)) as hook:
        make_channel(project=make_project(slug="shop"), url=hook.url)
        make_channel(project=make_project(slug="bank"), url=hook.url)
        make_channel(project=make_project(slug="gone"), url=hook.url, enabled=False)
        self_check.look_after(now=began)
        self_check.look_after(now=began + timedelta(seconds=60))
        assert hook.requests == []
        with caplog.at_level(logging.ERROR):
            self_check.look_after(now=began + timedelta(seconds=61))
        assert [record.getMessage() for record in caplog.records] == ["the self-check missed its leak"]
        for seconds in range(65, 200, 5):
            self_check.look_after(now=began + timedelta(seconds=seconds))
        bodies = [json.loads(request.body) for request in hook.requests]
        assert SelfCheck.objects.filter(missed_at__isnull=False).count() >= 2

    assert sorted(body["data"]["project"] for body in bodies) == ["bank", "shop"], "once for a whole outage"
    assert {body["type"] for body in bodies} == {"self_check.missed"}
    leak = f"the leak of {began:%H:%M} UTC was not detected within 60 s."
    assert bodies[0]["data"]["message"].startswith(f"Self-check: {leak}")
    assert standing(now=began + timedelta(seconds=200)).ok is False


def test_its_end_is_told_once(now):
    make_channel(project=make_project(slug="shop"))
    self_check.look_after(now=now)
    self_check.look_after(now=now + timedelta(seconds=61))
    assert (told("self_check.missed"), told("self_check.recovered")) == (["shop"], [])
    later = now + timedelta(seconds=62)
    assert SelfCheck.objects.count() == 2, "while one is missed the next comes sooner"
    detect.judge_due(now=later, limit_runs=50)
    deliver.deliver_due(now=later, limit=50)
    for seconds in (3, 4, 5):
        self_check.look_after(now=now + timedelta(seconds=60 + seconds))
    assert (told("self_check.missed"), told("self_check.recovered")) == (["shop"], ["shop"])
    assert not SelfCheck.objects.filter(missed_at__isnull=False, recovered_at=None).exists()
    assert standing(now=later).ok is True


def test_a_shut_door_is_tried_again_and_then_told(now, settings, live_server):
    settings.SELF_CHECK_URL = CLOSED
    self_check.look_after(now=now)
    assert SelfCheck.objects.get().error == "no answer: ConnectError"
    settings.SELF_CHECK_URL = live_server.url
    self_check.look_after(now=now + SECOND)
    check = SelfCheck.objects.get()
    assert (check.sent_at, check.error) == (now + SECOND, "")

    SelfCheck.objects.all().delete()
    settings.SELF_CHECK_URL = CLOSED
    self_check.look_after(now=now)
    self_check.look_after(now=now + timedelta(seconds=61))
    assert "was not taken at the front door within 60 s (no answer: ConnectError)." in standing(now=now).problem


def test_an_alert_that_stays_in_the_outbox_is_a_miss(now):
    self_check.look_after(now=now)
    detect.judge_due(now=timezone.now(), limit_runs=50)
    late = now + timedelta(seconds=61)
    assert standing(now=late).problem.endswith("was detected, but its alert was not sent within 60 s.")


def test_who_asks_needs_neither_worker_nor_beat(now):
    check = SelfCheck.objects.create(began_at=now, deadline_at=now + timedelta(seconds=60), sent_at=now)
    assert standing(now=now + timedelta(seconds=60)).ok is None
    missed = standing(now=now + timedelta(seconds=61))
    assert (missed.ok, missed.problem) == (False, f"the leak of {now:%H:%M} UTC was not detected within 60 s.")
    check.detected_at = check.alerted_at = now + SECOND
    check.save()
    assert standing(now=now + timedelta(seconds=61)).ok is True
    silent = standing(now=now + timedelta(seconds=631))
    assert (silent.ok, silent.problem) == (False, f"none was made since {now:%H:%M} UTC: beat does not run.")


def test_switched_off(now, settings):
    settings.SYNTHETIC_LEAK_SECONDS = 0
    self_check.look_after(now=now)
    assert not SelfCheck.objects.exists()
    assert standing(now=now).ok is None


def test_chosen_projects_alone_are_told(now, settings):
    settings.SELF_CHECK_PROJECTS = ["operations"]
    make_channel(project=make_project(slug="shop"))
    make_channel(project=make_project(slug="operations"))
    self_check.look_after(now=now)
    self_check.look_after(now=now + timedelta(seconds=61))
    assert told("self_check.missed") == ["operations"]


def test_what_it_left_behind_goes(now):
    self_check.look_after(now=now)
    work(timezone.now())
    self_check_project.forget(now=now + timedelta(seconds=600))
    assert Event.objects.count() == 4
    self_check_project.forget(now=now + timedelta(seconds=721))
    left = [model.objects.count() for model in (Event, Run, Incident, Workflow, Notification)]
    assert left == [0, 0, 0, 0, 0]
    assert SelfCheck.objects.count() == 1
    self_check_project.forget(now=now + timedelta(days=31))
    assert SelfCheck.objects.count() == 0


def test_its_key_follows_the_secret_and_stands_nowhere(now, settings):
    first = self_check_project.token(now=now)
    assert self_check_project.token(now=now) == first
    settings.SECRET_KEY = "another"
    assert self_check_project.token(now=now) != first
    key = ApiKey.objects.get(project__slug=PROJECT_SLUG)
    assert key.scopes == ["ingest"]
    assert Project.objects.filter(slug=PROJECT_SLUG).count() == 1


def test_the_watch_says_that_it_lives_and_survives_an_error(now, monkeypatch, caplog):
    watch.look()
    assert SelfCheck.objects.count() == 1
    monkeypatch.setattr(self_check, "look_after", lambda **_: 1 / 0)
    watch.look()
    assert "the watch could not look" in caplog.text


def test_the_watch_looks_until_it_is_stopped(monkeypatch):
    looked = threading.Semaphore(0)
    monkeypatch.setattr(watch, "look", looked.release)
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    stop = watch.start()
    assert looked.acquire(timeout=10)
    assert looked.acquire(timeout=10)
    stop.set()


def test_a_name_of_people_never_becomes_its_slug():
    from monitor.services.actor import SYSTEM
    from monitor.services.projects import create_project

    made = create_project(name=query.PROJECT_SLUG, by=SYSTEM, now=timezone.now())
    assert made.slug == "self-check"
