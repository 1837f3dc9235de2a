"""The bell rings on commit, once for many, and never costs more than a moment."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.db import transaction

from monitor.services import bell


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    bell._rest_until = 0.0
    _forget_everything()
    yield
    bell._rest_until = 0.0
    bell._producers.cache_clear()
    _forget_everything()


def _broker() -> Any:
    return current_app.connection_for_write(settings.BROKER_URL).default_channel.client


def _forget_everything() -> None:
    client = _broker()
    client.delete(current_app.conf.task_default_queue, bell._flag(bell.JUDGE), bell._flag(bell.DELIVER))
    client.connection_pool.disconnect()


def rings() -> int:
    client = _broker()
    waiting = client.llen(current_app.conf.task_default_queue)
    client.connection_pool.disconnect()
    return int(waiting)


@pytest.mark.django_db(transaction=True)
def test_it_rings_once_the_transaction_has_committed() -> None:
    with transaction.atomic():
        bell.ring_judging()
        assert rings() == 0
    assert rings() == 1


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_failed_rings_for_nothing() -> None:
    with transaction.atomic():
        bell.ring_alerts()
        transaction.set_rollback(True)
    assert rings() == 0


def test_many_rings_are_one_until_a_worker_hears_it() -> None:
    for _ in range(10):
        bell.ring(bell.JUDGE)
    bell.ring(bell.DELIVER)
    assert rings() == 2
    bell.heard(bell.JUDGE)
    bell.ring(bell.JUDGE)
    assert rings() == 3


@pytest.fixture
def silent_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        monkeypatch.setattr(
            current_app.conf, "broker_write_url", f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        )
        bell._producers.cache_clear()
        yield


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis://127.0.0.1:{port}/0")
    bell._producers.cache_clear()


@pytest.mark.parametrize("broker", ["no_broker", "silent_broker"])
def test_without_a_broker_a_ring_gives_up_at_once_and_then_rests(
    broker: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(broker)
    began = time.perf_counter()
    bell.ring(bell.JUDGE)
    first = time.perf_counter() - began
    assert first < 0.5, "generous for a loaded machine: twice the socket's time-out is 0.08 s"
    began = time.perf_counter()
    for _ in range(1000):
        bell.ring(bell.JUDGE)
    assert time.perf_counter() - began < 0.1


def test_after_its_rest_it_tries_again(no_broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    bell.ring(bell.JUDGE)
    assert bell._rest_until > time.monotonic()
    monkeypatch.undo()
    bell._producers.cache_clear()
    bell._rest_until = 0.0
    bell.ring(bell.JUDGE)
    assert rings() == 1
