"""Generated streams and recordings end, through the database, in what the pure core says of them.

A fifth of the streams and a sixth of the recordings a day, in turn: all of them take ten minutes.
"""

from __future__ import annotations

import random
from datetime import date

import pytest

from tests.detection.samples import Sample, map_texts, random_streams, scenario, scenario_names
from tests.factories import make_project
from tests.monitor.services.story import pending
from tests.monitor.services.streams import differences, put_maps, rows_of_history, rows_stored, tell_in_pieces

TODAY = date.today().toordinal()
STREAMS = {sample.name: sample for sample in list(random_streams())[TODAY % 5 :: 5]}
RECORDINGS = scenario_names()[TODAY % 6 :: 6]
SEED = random.SystemRandom().randrange(1_000_000)


def assert_same(sample: Sample, dice: random.Random) -> None:
    project = make_project()
    put_maps(project, map_texts(sample.name))
    tell_in_pieces(project, sample, dice)
    assert pending() == 0
    assert differences(rows_stored(project), rows_of_history(sample.events, sample)) == [], f"seed {SEED}"


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_in_any_order_and_pieces(db: None, name: str) -> None:
    assert_same(STREAMS[name], random.Random(f"{SEED}/{name}"))


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_in_any_order_and_pieces(db: None, name: str) -> None:
    assert_same(scenario(name), random.Random(f"{SEED}/{name}"))
