"""kill -9 in the middle of 5,000 events: nothing is lost, nothing counted twice, nobody told twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.channels.webhook import new_secret
from monitor.detection.history import judge_all
from monitor.detection.maps import parse_map
from monitor.models import Event, Project, Run
from monitor.queries.anomalies import found_as_json
from monitor.queries.events import as_event, pack
from monitor.services.grouping import fingerprint
from tests.factories import make_api_key, make_channel, make_project
from tests.monitor.channels.receiver import Receiver, answer, receiving
from tests.reliability.leaks import MAP, leaking_runs
from tests.reliability.stack import Stack, stack, until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

RUNS = 500
BATCH_EVENTS = 200
KEY = ("rule", "run_id", "step", "phase", "attempt", "branch", "path")
SAME = ("class", "severity", "source", "expected", "observed", "event_id", "message")


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return leaking_runs(runs=RUNS, seed=3)


@pytest.fixture(scope="module")
def undisturbed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the same events amount to where nothing is ever killed: the pure core knows no processes."""
    context_map = parse_map(MAP)
    found = judge_all([as_event(pack(event)) for event in events], {context_map.workflow: context_map})
    return [found_as_json(anomaly) for anomaly in found]


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def receiver(project: Project) -> Iterator[Receiver]:
    with receiving(answer(204, b"")) as one:
        make_channel(project=project, url=one.url, secret=new_secret())
        yield one


@pytest.fixture
def running(tmp_path: Path, project: Project, receiver: Receiver) -> Iterator[Stack]:
    _, token = make_api_key(project=project)
    with stack(tmp_path, token=token) as one:
        yield one


@pytest.mark.parametrize("victim", ["worker", "web", "redis"])
def test_after_a_kill_everything_is_as_without_it(
    victim: str,
    running: Stack,
    receiver: Receiver,
    events: list[dict[str, Any]],
    undisturbed: list[dict[str, Any]],
) -> None:
    status, problem = running.ask("PUT", "/api/v1/workflows/checkout/map", MAP.encode())
    assert status in {200, 201}, problem
    batches = [events[start : start + BATCH_EVENTS] for start in range(0, len(events), BATCH_EVENTS)]
    middle = len(batches) // 2
    send(running, batches[:middle])
    until(at_work, seconds=60, what="no worker has begun")
    running.kill(victim)
    if victim != "web":
        send(running, batches[middle : middle + 3])
    else:
        assert running.ask("POST", "/api/v1/events", b"{}")[0] == 0
    running.start(victim)
    send(running, batches[middle:])
    until(running.settled, seconds=120, what="events or alerts are still pending")

    assert Event.objects.count() == len(events)
    assert anomalies_of(running.everything("/api/v1/anomalies")) == anomalies_of(undisturbed)
    incidents = running.everything("/api/v1/incidents")
    assert counts_of(incidents) == counts_expected(undisturbed, events)
    assert_told_once(receiver, {incident["id"] for incident in incidents})


def send(running: Stack, batches: list[list[dict[str, Any]]]) -> None:
    """Posts as a sender would: what got no 202 is sent again, whole."""
    for batch in batches:
        body = "\n".join(map(json.dumps, batch)).encode()
        until(lambda: running.ask("POST", "/api/v1/events", body)[0] == 202, seconds=60, what="no 202")  # noqa: B023


def at_work() -> bool:
    """Whether the workers have begun: most of what was sent still waits then, and half is still to be sent."""
    return Run.objects.filter(judged_at__isnull=False).exists()


def anomalies_of(items: list[dict[str, Any]]) -> dict[tuple[object, ...], dict[str, Any]]:
    found = {tuple(item[name] for name in KEY): {name: item[name] for name in SAME} for item in items}
    assert len(found) == len(items), "each anomaly once"
    return found


def counts_of(incidents: list[dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    return {one["fingerprint"]: (one["anomalies"], one["runs"], one["sessions"]) for one in incidents}


def counts_expected(
    anomalies: list[dict[str, Any]], events: list[dict[str, Any]]
) -> dict[str, tuple[int, int, int]]:
    session = {event["run_id"]: event["session"] for event in events}
    groups: dict[str, list[str]] = {}
    for item in anomalies:
        group = fingerprint(item["workflow"], item["rule"], item["path"])
        groups.setdefault(group, []).append(item["run_id"])
    return {
        group: (len(runs), len(set(runs)), len({session[run] for run in runs})) for group, runs in groups.items()
    }


def assert_told_once(receiver: Receiver, incidents: set[str]) -> None:
    """Each incident was told under one id, though that message may have been sent twice."""
    opened = {
        (request.headers["webhook-id"], message["data"]["id"])
        for request in receiver.requests
        if (message := json.loads(request.body))["type"] == "incident.opened"
    }
    told = Counter(incident for _, incident in opened)
    assert set(told) >= incidents
    assert set(told.values()) == {1}
