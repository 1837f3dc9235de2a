"""`/-/metrics` as Prometheus reads it: every figure equals what was sent, judged and tried."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from ingestion import tally
from monitor.models import Counter, Pulse, SelfCheck
from monitor.services import cases, counters, deliver, detect
from tests.factories import event_dict, make_channel, make_notification, make_project
from tests.ingestion.caller import Caller
from tests.monitor.services.test_failures import Breaks

pytestmark = pytest.mark.django_db(transaction=True)

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def caller(project):
    return Caller(project)


def scraped(caller: Caller, accept: str = "") -> tuple[list[Metric], str]:
    answer = Client().get("/-/metrics", headers={**caller.headers, "Accept": accept})
    assert answer.status_code == 200
    parse = openmetrics_families if "openmetrics" in answer["Content-Type"] else text_string_to_metric_families
    return list(parse(answer.content.decode())), answer["Content-Type"]


def samples(families: Iterable[Metric]) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def send(caller: Caller, *events: dict, kind: str = "application/json"):
    return Client().post("/api/v1/events", json.dumps(events), content_type=kind, headers=caller.headers)


def test_the_figures_are_what_was_sent(caller, settings):
    events = [event_dict(run_id=f"r-{n}") for n in range(5)]
    assert send(caller, *events).json()["accepted"] == 5
    assert send(caller, *events[:2], event_dict(), {"x": 1}, event_dict(phase="during")).status_code == 202
    assert send(caller, event_dict(), kind="text/plain").status_code == 415
    settings.MAX_BATCH_EVENTS = 2
    assert send(caller, *events).status_code == 413

    found = samples(scraped(caller)[0])
    assert found["crosstalk_events_accepted_total", ()] == 6
    assert found["crosstalk_events_duplicate_total", ()] == 2
    rejected = {
        labels: value for (name, labels), value in found.items() if name == "crosstalk_events_rejected_total"
    }
    assert rejected == {(("reason", "phase"),): 1, (("reason", "unknown field"),): 1}
    refused = {
        labels: value for (name, labels), value in found.items() if name == "crosstalk_events_refused_total"
    }
    assert refused == {(("reason", "media type"),): 1, (("reason", "too large"),): 5}
    assert found["crosstalk_lag_events", ()] == 6
    assert found["crosstalk_lag_seconds", ()] >= 0
    assert found["crosstalk_queue_depth", (("reason", "events"),)] == 6
    assert found["crosstalk_events_judged_total", ()] == 0

    assert detect.judge_due(now=timezone.now(), limit_runs=50) == 5
    found = samples(scraped(caller)[0])
    assert found["crosstalk_events_judged_total", ()] == 6
    assert (found["crosstalk_lag_events", ()], found["crosstalk_lag_seconds", ()]) == (0, 0)
    assert found["crosstalk_queue_depth", (("reason", "events"),)] == 0
    assert found["crosstalk_events_accepted_total", ()] == 6, "a counter never falls"


def test_a_rule_that_raises_and_each_try_of_an_alert_are_counted(caller, project, monkeypatch):
    monkeypatch.setattr(cases, "judge_runs", partial(cases.judge_runs, rules=(Breaks(),)))
    send(caller, event_dict(context={"break": True}), event_dict(context={"break": True}), event_dict())
    detect.judge_due(now=timezone.now(), limit_runs=5)
    make_notification(channel=make_channel(project=project, url="http://127.0.0.1:1/"), now=timezone.now())
    deliver.deliver_due(now=timezone.now(), limit=1)

    found = samples(scraped(caller)[0])
    assert found["crosstalk_rule_errors_total", (("rule", "breaks"),)] == 2
    tried = {labels: n for (name, labels), n in found.items() if name == "crosstalk_alert_attempts_total"}
    assert tried == {(("channel_kind", "webhook"), ("outcome", "refused")): 1}


def test_types_helps_and_both_formats(caller):
    send(caller, event_dict())
    plain, media = scraped(caller)
    assert media.startswith("text/plain; version=0.0.4")
    assert all(family.name.startswith("crosstalk_") and family.documentation for family in plain)
    kinds = {family.name: family.type for family in plain}
    assert kinds["crosstalk_events_accepted"] == "counter"
    assert kinds["crosstalk_lag_seconds"] == kinds["crosstalk_incidents"] == "gauge"
    modern, media = scraped(caller, "application/openmetrics-text; version=1.0.0")
    assert media.startswith("application/openmetrics-text")
    assert samples(modern).keys() == samples(plain).keys()


def test_a_key_sees_the_figures_of_its_own_project(caller):
    send(caller, event_dict())
    stranger = samples(scraped(Caller(make_project()))[0])
    assert stranger["crosstalk_events_accepted_total", ()] == 0


def test_many_writers_lose_no_count(project):
    for _ in range(50):
        counters.add(project, {counters.ACCEPTED: 2, (counters.RULE_ERRORS, "r"): 1, counters.DUPLICATE: 0})
    totals = {}
    for row in Counter.objects.all():
        totals[row.name] = totals.get(row.name, 0) + row.value
    assert totals == {"events_accepted": 100, "rule_errors": 50}
    assert Counter.objects.filter(name="events_accepted").count() > 1


def test_a_busy_door_writes_seldom_and_loses_nothing(caller, project, monkeypatch):
    written = []
    add = counters.add

    def noting(pk: int, amounts: counters.Amounts) -> None:
        written.append(amounts)
        add(pk, amounts)

    monkeypatch.setattr(counters, "add", noting)
    monkeypatch.setattr(tally, "_TALLY", tally._Tally())
    for n in range(20):
        tally.count(project, accepted=n, duplicates=1)
    assert len(written) < 20
    found = samples(scraped(caller)[0])
    assert (found["crosstalk_events_accepted_total", ()], found["crosstalk_events_duplicate_total", ()]) == (
        190,
        20,
    )


def test_what_waits_is_written_without_another_request(project, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(tally, "_TALLY", tally._Tally())
    monkeypatch.setattr(tally, "REST_SECONDS", 0.05)
    late = tally._late
    monkeypatch.setattr(tally, "_late", lambda: (late(), done.set()))
    tally.count(project, accepted=1, duplicates=0)
    tally.count(project, accepted=2, duplicates=0)
    assert done.wait(10)
    assert sum(Counter.objects.values_list("value", flat=True)) == 3


def test_a_count_that_cannot_be_kept_is_no_error(caplog):
    counters.add(987654321, {counters.ACCEPTED: 1})
    assert "counts were lost" in caplog.text


def test_the_state_of_the_program(caller):
    now = timezone.now()
    Pulse.objects.create(name="worker", at=now - timedelta(seconds=40))
    assert ("crosstalk_self_check_ok", ()) not in samples(scraped(caller)[0])
    SelfCheck.objects.create(
        began_at=now, deadline_at=now + timedelta(seconds=60), sent_at=now, detected_at=now,
        alerted_at=now + timedelta(seconds=3),
    )  # fmt: skip
    found = samples(scraped(caller)[0])
    assert found["crosstalk_pulse_age_seconds", (("part", "worker"),)] == pytest.approx(40, abs=10)
    assert (found["crosstalk_self_check_ok", ()], found["crosstalk_self_check_seconds", ()]) == (1, 3)
    SelfCheck.objects.create(
        began_at=now + timedelta(seconds=1), deadline_at=now + timedelta(seconds=2), missed_at=now
    )
    assert samples(scraped(caller)[0])["crosstalk_self_check_ok", ()] == 0
