"""Posted over HTTP and judged by workers, events end in what the pure core says of all of them at once."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitor.detection.history import judge_all
from monitor.detection.maps import parse_map
from monitor.models import CrowdWork, Project
from monitor.queries.anomalies import found_as_json
from monitor.queries.events import as_event, pack
from monitor.services import crowd, detect
from tests.factories import make_api_key, make_project
from tests.reliability.leaks import MAP, leaking_runs

KEY = ("rule", "run_id", "step", "phase", "attempt", "branch", "path")
SAME = ("class", "severity", "source", "expected", "observed", "event_id", "message", "occurred_at")


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


@pytest.fixture
def headers(project: Project) -> dict[str, str]:
    _, token = make_api_key(project=project)
    return {"Authorization": f"Bearer {token}"}


def send(client: Client, headers: dict[str, str], events: list[dict[str, Any]]) -> None:
    body = "\n".join(map(json.dumps, events))
    answer = client.post("/api/v1/events", body, content_type="application/x-ndjson", headers=headers)
    assert answer.status_code == 202, answer.content
    assert answer.json()["rejected"] == []


def judge(budget: int = 10_000) -> None:
    while budget > 0 and (judged := detect.judge_due(now=timezone.now(), limit_runs=10)):
        budget -= judged


def judge_together() -> None:
    """Judges the runs together until they are through: each pass may have to wait for the one before."""
    at = timezone.now()
    while CrowdWork.objects.exists():
        assert crowd.judge_crowds(now=at)
        at += timedelta(minutes=1)
        judge()


def read(client: Client, headers: dict[str, str]) -> dict[tuple[object, ...], dict[str, Any]]:
    found, cursor = {}, ""
    while cursor is not None:
        page = client.get(f"/api/v1/anomalies?cursor={cursor}", headers=headers).json()
        for item in page["items"]:
            key = tuple(item[name] for name in KEY)
            assert key not in found, "each anomaly once"
            found[key] = {name: item[name] for name in SAME}
        cursor = page["next"]
    return found


def expected(events: list[dict[str, Any]]) -> dict[tuple[object, ...], dict[str, Any]]:
    context_map = parse_map(MAP)
    found = judge_all([as_event(pack(event)) for event in events], {context_map.workflow: context_map})
    rows = map(found_as_json, found)
    return {tuple(row[name] for name in KEY): {name: row[name] for name in SAME} for row in rows}


def put_map(client: Client, headers: dict[str, str]) -> None:
    answer = client.put("/api/v1/workflows/checkout/map", MAP, content_type="application/yaml", headers=headers)
    assert answer.status_code in {200, 201}, answer.content


def test_in_order(client: Client, headers: dict[str, str]) -> None:
    put_map(client, headers)
    events = leaking_runs(runs=24, seed=1)
    for start in range(0, len(events), 40):
        send(client, headers, events[start : start + 40])
        judge()
    judge_together()
    assert read(client, headers) == expected(events)


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_in_batches_with_repeats(client: Client, headers: dict[str, str], seed: int) -> None:
    put_map(client, headers)
    events = leaking_runs(runs=16, seed=2)
    chance = random.Random(seed)
    sent = events + chance.sample(events, len(events) // 10)
    chance.shuffle(sent)
    while sent:
        size = chance.choice([1, 7, 30])
        send(client, headers, sent[:size])
        del sent[:size]
        judge(budget=chance.choice([0, 1, 5, 100]))
    judge()
    judge_together()
    assert read(client, headers) == expected(events)
    status = client.get("/api/v1/status", headers=headers).json()
    assert status["pending_events"] == 0


def test_the_events_hold_something_of_every_kind() -> None:
    """The comparisons above are worth what the events contain."""
    found = expected(leaking_runs(runs=16, seed=2))
    rules = {key[0] for key in found}
    classes = {row["class"] for row in found.values()}
    assert rules >= {"foreign-session", "execution-id-changed", "identity-lost"}
    assert rules >= {"uncleared-field", "residue-at-start"}
    assert classes >= {"temporal", "spatial", "scoping", "integrity"}
    assert any(row["source"] and row["source"]["resource"] for row in found.values())
