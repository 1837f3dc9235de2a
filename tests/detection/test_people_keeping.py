"""What a run held can be kept as plain data and read back, and judged as if its events had just been read."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from monitor.detection.people import keeping, leaves
from monitor.detection.people.evidence import has_moved
from monitor.detection.people.leaves import LeafReader
from monitor.detection.people.project import CrowdJudgement, session_of
from monitor.detection.people.seen import SeenRun
from monitor.detection.runs import Run
from tests.detection.people_worlds import Traits, World, judged, runs_of, shop_map, told
from tests.detection.samples import event, maps_of, scenario

WORLD = World.of(3, 24, Traits(leak="cache", people=18))


def read(reader: LeafReader, run: Run) -> SeenRun:
    return reader.read(run, session_of(run) or "", lambda: run)


def kept_and_read_back(runs: list[Run], maps: Any, reader: LeafReader | None = None) -> list[SeenRun]:
    first, second = LeafReader(), reader or LeafReader()
    packed = [msgspec.msgpack.encode(keeping.dump(read(first, run))) for run in runs]
    return [
        keeping.load(msgspec.msgpack.decode(one), second, maps.get(run.workflow), lambda run=run: run)
        for one, run in zip(packed, runs, strict=True)
    ]


@pytest.mark.parametrize("maps", [{}, shop_map("$.customer.email", "$..login_email")], ids=["bare", "private"])
def test_kept_runs_are_judged_as_if_just_read(maps: Any) -> None:
    runs = [run for run in runs_of(WORLD.events, maps) if session_of(run)]
    reader = LeafReader()
    judgement = CrowdJudgement(kept_and_read_back(runs, maps, reader), reader)
    found = [leaf for name in sorted(judgement.suspects) for leaf in judgement.found_in(name)]
    assert told(found) == told(judged(WORLD.events, maps))
    assert found


def test_nothing_of_a_run_is_lost() -> None:
    sample = scenario("celery-canvas-clean")
    runs = [run for run in runs_of(sample.events, sample.maps) if session_of(run)]
    back = kept_and_read_back(runs, sample.maps)
    for run, one in zip(runs, back, strict=True):
        fresh = read(LeafReader(), run)
        for name in ("key", "workflow", "session", "times", "ended_at", "ancestors"):
            assert getattr(one, name) == getattr(fresh, name)
        shown = [{place.path: held for place, held in each.places.items()} for each in (one, fresh)]
        assert shown[0] == shown[1]


def test_a_searched_private_path_is_remembered_as_long_as_the_map_has_it() -> None:
    maps = maps_of(["version: 1\nworkflow: checkout\nprivate: ['$..code']"])
    (run,) = runs_of([event("A.exit", {"a": {"code": "WELCOME"}}, session="s-1")], maps)
    (kept,) = kept_and_read_back([run], maps)
    assert {place.path: place.privacy for place in kept.places} == {"$.a.code": "named"}
    (changed,) = kept_and_read_back([run], {})
    assert {place.path: place.privacy for place in changed.places} == {"$.a.code": ""}


def test_of_too_many_values_the_first_are_kept_and_the_rest_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaves, "MAX_FACTS", 6)
    reader = LeafReader()
    (run,) = runs_of([event("A.exit", {f"k{n}": f"name {n}" for n in range(9)}, session="s-1")], {})
    seen = read(reader, run)
    assert [place.path for place in seen.places] == [f"$.k{n}" for n in range(6)]
    judged(WORLD.events, shop_map("$.customer.email"))


def test_evidence_moves_with_what_it_says_and_with_a_tenth_of_a_count() -> None:
    leaf = next(one for one in judged(WORLD.events, {}) if one.evidence.proof == "mirror")
    stored = leaf.evidence.as_json()
    assert not has_moved(stored, deepcopy(stored))
    for change, moved in (
        ({"both": stored["own"]["both"] + 1}, False),
        ({"both": stored["own"]["both"] * 2}, True),
        ({"path": "$.other"}, True),
    ):
        fresh = {**stored, "own": {**stored["own"], **change}, "sentence": "Another one"}
        assert has_moved(stored, fresh) is moved
    assert has_moved(stored, {**stored, "victim_count": stored["victim_count"] + 5})
    assert has_moved(stored, {**stored, "carriers": ["worker=w9"]})
    assert has_moved(None, stored)
