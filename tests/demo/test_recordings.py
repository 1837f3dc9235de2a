"""The recordings: fresh ids wherever they stand, moved to now, and otherwise as they were recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingestion.formats.canonical import check_event
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.maps import parse_map
from monitor.management.demo.recording import FOLDER, NAMES, Recording, recordings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE = {recording.name: recording for recording in recordings(now=NOW, play="one")}
OTHER = {recording.name: recording for recording in recordings(now=NOW, play="other")}


def test_all_are_played_and_small() -> None:
    assert set(NAMES) == {path.name for path in FOLDER.iterdir()}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 2_000_000
    assert [recording.name for recording in ONE.values() if recording.clean] == ["shop-cart-clean"]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_ends_now_and_keeps_its_distances(name: str) -> None:
    times = [datetime.fromisoformat(event["occurred_at"]) for event in ONE[name].events]
    assert max(times) == NOW
    assert (max(times) - min(times)).total_seconds() < 10


@pytest.mark.parametrize("name", NAMES)
def test_two_plays_share_no_id_and_nothing_else_differs(name: str) -> None:
    one, other = ONE[name], OTHER[name]
    for field in ("event_id", "run_id", "session"):
        assert not _values(one, field) & _values(other, field), field
        assert len(_values(one, field)) == len(_values(other, field)), field
    texts = [json.dumps(recording.events) for recording in (one, other)]
    for run in one.run_ids:
        assert run not in texts[1]
    assert len(one.events) == len(other.events)
    assert len(texts[0]) == len(texts[1])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_is_what_is_labelled(name: str) -> None:
    recording = ONE[name]
    maps = {}
    if recording.map_text is not None:
        context_map = parse_map(recording.map_text)
        assert context_map.workflow == recording.map_workflow
        maps[context_map.workflow] = context_map
    known = {rule.id for rule in CATALOGUE}
    expected = {pair for pair in recording.expected if pair[0] in known}
    found = {(anomaly.rule, anomaly.run_id) for anomaly in judge_all(map(_event, recording.events), maps)}
    assert found >= expected
    assert found - expected <= recording.also_allowed


def _values(recording: Recording, field: str) -> set[str]:
    return {event[field] for event in recording.events if event.get(field)}


def _event(wire: dict[str, object]) -> Event:
    return check_event(json.dumps(wire).encode())
