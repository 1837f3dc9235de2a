"""The spool gives every event back by run, once, in order of arrival, whatever was compressed or put on disk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.formats.canonical import check_event
from monitor.management.check import spool as module
from monitor.management.check.spool import Place, Spool
from tests.factories import event_dict

shares = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=40)


def filled(spool: Spool, events: list[dict[str, Any]]) -> None:
    for line, event in enumerate(events, start=1):
        raw = json.dumps(event).encode()
        spool.add(check_event(raw), raw, Place(f"file {line // 7}", line))


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(module, "PENDING_BYTES", 2000)
    monkeypatch.setattr(module, "MEMORY_BYTES", 1000)


@given(shares)
def test_each_run_comes_back_whole(found):
    events = [
        event_dict(event_id=f"e{number}", run_id=f"r{run}", context={"at": at})
        for at, (number, run) in enumerate(found)
    ]
    first: dict[str, dict[str, Any]] = {}
    for event in events:
        first.setdefault(event["event_id"], event)
    with Spool() as spool:
        filled(spool, events)
        assert len(spool) == len(first)
        assert spool.run_ids == tuple(sorted({event["run_id"] for event in first.values()}))
        for run_id in spool.run_ids:
            expected = [event["context"] for event in first.values() if event["run_id"] == run_id]
            assert [event.context for event in spool.events(run_id)] == expected
        for event in first.values():
            line = events.index(event) + 1
            assert spool.place(event["event_id"]) == Place(f"file {line // 7}", line)


def test_what_it_does_not_hold(tmp_path):
    with Spool() as spool:
        filled(spool, [event_dict(workflow="b"), event_dict(workflow="a"), event_dict(workflow="b")])
        assert spool.place("no such event") is None
        assert list(spool.events("no such run")) == []
        assert list(spool.workflows) == ["b", "a"]


def test_numbers_of_any_size_come_back_exactly():
    context = {"huge": 10**400, "tiny": 5e-324, "text": "1e400", "nested": [{"é": None}]}
    with Spool() as spool:
        filled(spool, [event_dict(context=context)] * 1 + [event_dict(run_id=f"r-{n}") for n in range(50)])
        assert spool.events("r-1")[0].context == context
