"""The durable write: idempotent, whole, and without deadlocks."""

from __future__ import annotations

import json
import random
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from ingestion.formats.canonical import check_event
from ingestion.inbox import Accepted, accept, resource_key
from monitor.detection.event import Event as ContextEvent
from monitor.models import Event, Project, ResourceAccess, Run, Work, Workflow
from monitor.queries.events import as_event
from tests.factories import NOW, event_dict, make_project


def checked(**fields: Any) -> ContextEvent:
    return check_event(json.dumps(event_dict(**fields)).encode())


@pytest.mark.django_db
def test_stores_the_events_their_runs_and_workflows_and_queues_one_piece_of_work_a_run():
    project = make_project()
    events = [checked(event_id="b"), checked(event_id="a"), checked(event_id="c", run_id="r-2", workflow="refund")]

    assert accept(project=project, events=events, now=NOW) == Accepted(accepted=3, duplicates=0)

    assert set(Workflow.objects.values_list("name", flat=True)) == {"checkout", "refund"}
    assert dict(Run.objects.values_list("run_id", "workflow")) == {"r-1": "checkout", "r-2": "refund"}
    stored = dict(Event.objects.values_list("event_id", "pk"))
    work = {one.run.run_id: one for one in Work.objects.select_related("run")}
    assert work["r-1"].event_pks == sorted([stored["a"], stored["b"]])
    assert work["r-2"].event_pks == [stored["c"]]
    assert all((one.reason, one.not_before, one.created_at) == ("events", NOW, NOW) for one in work.values())


@pytest.mark.django_db
def test_what_is_stored_reads_back_as_it_was_checked():
    project = make_project()
    event = checked(
        occurred_at="2026-11-20T10:00:00.1234567+02:00",
        sequence=2**70,
        attempt=2**80,
        branch="b",
        final=True,
        partial=True,
        status="error",
        parent_run_id="p",
        parent_step="Spawn",
        tenant="t",
        context={"é": [1, 2.5, None, {"x": "😀"}], "big": 2**90},
        accesses=[{"store": "redis", "op": "write", "key": "cart:1", "ttl_seconds": 60}],
        attributes={"service": "web"},
    )

    accept(project=project, events=[event], now=NOW)

    row = Event.objects.get()
    assert as_event(row) == event
    assert row.occurred_at == datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
    assert row.context_bytes == len(json.dumps(event.context, separators=(",", ":"), ensure_ascii=False).encode())
    assert (row.received_at, row.workflow, row.step, row.phase) == (NOW, "checkout", "LoadCart", "exit")
    touched = ResourceAccess.objects.get()
    assert (touched.store, touched.key, touched.op) == ("redis", "cart:1", "write")
    assert bytes(touched.resource_key) == resource_key("redis", "cart:1")
    assert (touched.event, touched.run, touched.occurred_at) == (row, row.run, row.occurred_at)


@pytest.mark.django_db
def test_of_two_events_with_one_id_the_first_received_stands():
    project = make_project()
    first, second = checked(event_id="e", step="One"), checked(event_id="e", step="Two")

    assert accept(project=project, events=[first, second], now=NOW) == Accepted(1, 1)
    assert accept(project=project, events=[second], now=NOW) == Accepted(0, 1)

    assert Event.objects.get().step == "One"
    assert Work.objects.count() == 1


@pytest.mark.django_db
def test_an_id_is_unique_in_its_project_only():
    event = checked(event_id="e")
    for project in (make_project(), make_project()):
        assert accept(project=project, events=[event], now=NOW).accepted == 1
    assert Run.objects.count() == 2


@pytest.mark.django_db
def test_nothing_is_queued_for_a_batch_sent_again(django_assert_num_queries):
    project = make_project()
    events = [checked(event_id=f"e-{n}") for n in range(5)]
    accept(project=project, events=events, now=NOW)
    Work.objects.all().delete()

    assert accept(project=project, events=events, now=NOW) == Accepted(0, 5)
    assert accept(project=project, events=[], now=NOW) == Accepted(0, 0)

    assert Work.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_overlapping_batches_in_parallel_store_each_event_once_and_never_deadlock():
    """Four senders, two of them on separate connections at any time, send shuffled overlapping batches."""
    project = make_project()
    events = [
        checked(
            event_id=f"e-{n}",
            run_id=f"r-{n % 7}",
            workflow=f"w-{n % 3}",
            accesses=[{"store": "redis", "op": "read", "key": "k"}],
        )
        for n in range(60)
    ]
    totals: list[Accepted] = []
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def send(seed: int) -> None:
        dice = random.Random(seed)
        try:
            start.wait(timeout=10)
            for _ in range(15):
                batch = dice.sample(events, k=40)
                totals.append(accept(project=Project(pk=project.pk), events=batch, now=NOW))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    senders = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout=60)

    assert failures == []
    assert sum(total.accepted for total in totals) == Event.objects.count()
    assert sum(total.accepted + total.duplicates for total in totals) == 4 * 15 * 40
    queued = [pk for pks in Work.objects.values_list("event_pks", flat=True) for pk in pks]
    assert sorted(queued) == sorted(Event.objects.values_list("pk", flat=True))
    assert ResourceAccess.objects.count() == Event.objects.count()
