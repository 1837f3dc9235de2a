"""foreign-value on the labelled recordings, with what their maps call private and without."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from monitor.detection.paths import compile_path
from monitor.detection.people.findings import ForeignLeaf
from tests.detection.people_worlds import judged, told
from tests.detection.samples import Sample, scenario, scenario_names

LABELS, LEARNT_LABELS = 1001, 565
"""All labels of the recordings, and those that need no configuration (FOREIGN-VALUE.md)."""


def found_in(sample: Sample, *, private: bool) -> list[ForeignLeaf]:
    """What is foreign in a recording, with or without what its map calls private."""
    maps = sample.maps if private else {name: replace(one, private=()) for name, one in sample.maps.items()}
    return judged(sample.events, maps)


def labels(sample: Sample, kind: str) -> list[dict[str, Any]]:
    """The labels of this rule."""
    return [label for label in sample.expected[kind] if label["rule"] == "foreign-value"]


def is_at(leaf: ForeignLeaf, label: dict[str, Any]) -> bool:
    """Whether a finding is at a label's place."""
    one, plan = leaf.finding, compile_path(label["path"]).plan or ()
    return (one.run_id, one.step, one.phase, one.location) == (
        label["run_id"],
        label["step"],
        label["phase"],
        plan,
    )


def is_right(leaf: ForeignLeaf, label: dict[str, Any]) -> bool:
    """Whether the source is the label's, or one that rightly held the value too."""
    others = [other["run_id"] if isinstance(other, dict) else other for other in label.get("source_or", ())]
    return leaf.trail is not None and leaf.trail.source.run_id in [label["source"]["run_id"], *others]


@pytest.mark.parametrize("private", [True, False], ids=["private", "learnt"])
@pytest.mark.parametrize("name", scenario_names())
def test_nothing_but_what_is_labelled_is_found(name: str, private: bool) -> None:
    sample = scenario(name)
    allowed = labels(sample, "anomalies") + labels(sample, "also_allowed")
    found = found_in(sample, private=private)
    assert [one for one in found if not any(is_at(one, label) for label in allowed)] == []
    assert not {one.finding.run_id for one in found} & set(sample.expected["clean_runs"])


@pytest.mark.parametrize("name", scenario_names())
def test_every_label_is_found_with_its_source(name: str) -> None:
    sample = scenario(name)
    found = found_in(sample, private=True)
    for label in labels(sample, "anomalies"):
        (leaf,) = [one for one in found if is_at(one, label)]
        assert is_right(leaf, label)


def test_so_many_labels_need_no_configuration() -> None:
    reached = {True: 0, False: 0}
    for sample in map(scenario, scenario_names()):
        wanted = labels(sample, "anomalies")
        for private in reached if wanted else ():
            found = found_in(sample, private=private)
            reached[private] += sum(any(is_at(one, label) for one in found) for label in wanted)
    assert reached == {True: LABELS, False: LEARNT_LABELS}


@pytest.mark.parametrize(
    "name", ["threads-connection-desync", "threads-threadlocal-dirty", "shop-discount-unscoped"]
)
def test_shuffled_with_a_tenth_sent_twice_nothing_changes(name: str) -> None:
    sample, dice = scenario(name), random.Random(name)
    events = [*sample.events, *dice.sample(sample.events, len(sample.events) // 10)]
    dice.shuffle(events)
    assert told(judged(events, sample.maps)) == told(judged(sample.events, sample.maps))
