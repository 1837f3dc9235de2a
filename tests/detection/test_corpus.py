"""The labelled recordings: everything is found, nothing else is, in whatever order events arrive."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.detection.event import Event
from monitor.detection.history import judge_all
from tests.detection.samples import random_streams, scenario, scenario_names
from tests.detection.scoring import RULE_IDS, score

SMALL = ["threads-threadlocal-dirty", "threads-run-id-reuse", "celery-retry-headers", "state-cleanup"]


@pytest.mark.parametrize("name", scenario_names())
def test_recall_and_precision_are_one_and_clean_runs_stay_silent(name: str) -> None:
    sample = scenario(name)
    found = judge_all(sample.events, sample.maps)
    result = score(sample.expected, found)
    assert (result.missed, result.false) == ([], [])
    assert (result.wrong_class, result.wrong_source) == ([], [])
    assert not {one.run_id for one in found} & set(sample.expected["clean_runs"])


def test_every_rule_has_labels_in_the_recordings_or_answers_in_the_streams() -> None:
    labelled = {label["rule"] for name in scenario_names() for label in scenario(name).expected["anomalies"]}
    answered = {one["rule"] for sample in random_streams() for one in sample.expected["anomalies"]}
    assert labelled | answered >= RULE_IDS


@pytest.mark.parametrize("name", scenario_names())
def test_shuffled_with_a_tenth_sent_twice_nothing_changes(name: str) -> None:
    sample = scenario(name)
    dice = random.Random(name)
    events = [*sample.events, *dice.sample(sample.events, len(sample.events) // 10)]
    dice.shuffle(events)
    assert judge_all(events, sample.maps) == judge_all(sample.events, sample.maps)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(SMALL), dice=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_find_the_same(name: str, dice: random.Random) -> None:
    sample = scenario(name)
    events: list[Event] = [*sample.events, *dice.choices(sample.events, k=dice.randint(0, 40))]
    dice.shuffle(events)
    assert judge_all(events, sample.maps) == judge_all(sample.events, sample.maps)
