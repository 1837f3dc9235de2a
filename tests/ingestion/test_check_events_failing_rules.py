"""A rule that raises during a check: it is named, with its run, and the others are heard all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.detection.rules.oversized_context import OversizedContext
from tests.ingestion.checking import leak, lines, report


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    path = tmp_path / "leak.ndjson"
    path.write_bytes(lines(leak()))
    return path


def test_a_rule_of_one_event_that_raises_is_named_and_its_neighbours_are_heard(leaking, monkeypatch):
    monkeypatch.setattr(OversizedContext, "judge", lambda *_: 1 / 0)
    found = report(leaking)
    assert [one["rule"] for one in found["anomalies"]] == ["foreign-session"]
    (error,) = found["errors"]
    assert error["field"] == "oversized-context"
    assert "ZeroDivisionError in run r-1 and 1 more" in error["error"]


def test_a_rule_that_cannot_say_whether_it_speaks_is_named_as_well(leaking, monkeypatch):
    monkeypatch.setattr(OversizedContext, "speaks", lambda *_: 1 / 0)
    monkeypatch.setattr(OversizedContext, "judge", lambda *_: 1 / 0)
    found = report(leaking)
    assert [one["rule"] for one in found["anomalies"]] == ["foreign-session"]
    assert [one["field"] for one in found["errors"]] == ["oversized-context"]


def test_a_rule_about_many_runs_that_raises_is_named(leaking, monkeypatch):
    monkeypatch.setattr("monitor.detection.history.foreign_values", lambda *_, **__: 1 / 0)
    found = report(leaking)
    assert [one["rule"] for one in found["anomalies"]] == ["foreign-session"]
    assert [one["field"] for one in found["errors"]] == ["foreign-value"]


def test_no_rule_raises_on_what_is_in_order(leaking):
    assert report(leaking)["errors"] == []
