"""Generated streams and recordings end, through the database, in what the pure core says of them.

A third of the streams and a quarter of the recordings: all of them take ten minutes.
"""

from __future__ import annotations

import random

import pytest

from tests.detection.samples import Sample, map_texts, random_streams, scenario, scenario_names
from tests.factories import make_project
from tests.monitor.services.story import pending
from tests.monitor.services.streams import differences, put_maps, rows_of_history, rows_stored, tell_in_pieces

STREAMS = {sample.name: sample for sample in list(random_streams())[::3]}
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


@pytest.mark.parametrize("name", scenario_names()[::4])
def test_a_recording_in_any_order_and_pieces(db: None, name: str) -> None:
    assert_same(scenario(name), random.Random(f"{SEED}/{name}"))
