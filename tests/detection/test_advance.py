"""Going on from a stored state finds what judging from scratch finds, however the events come."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.detection.anomaly import Finding
from monitor.detection.canary_shapes import Shape
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import Judgement, advance, judge_run
from monitor.detection.event import Event
from monitor.detection.facts import RunFacts
from monitor.detection.family import kin_of
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.order import in_order, once_each
from monitor.detection.reuse import Reuse
from tests.detection.samples import Sample, event, random_streams, scenario

STREAMS = list(random_streams())
WATCH = Watch(b"secret", shapes=(Shape("canary-", 15), Shape("", 9)))


@dataclass
class Stored:
    """What a caller keeps of a run: its events, and what was found by key, the first one standing."""

    context_map: ContextMap | None
    kin: Kin
    watch: Watch
    maps: Mapping[str, ContextMap] | None = None
    events: list[Event] = field(default_factory=list)
    findings: dict[tuple[object, ...], Finding] = field(default_factory=dict)
    holdings: set[int] = field(default_factory=set)
    judgement: Judgement | None = None
    advanced: int = 0

    def take(self, batch: Iterable[Event]) -> None:
        """Judges a batch as the caller does: onwards where that can be, whole otherwise."""
        known = {one.event_id for one in self.events}
        new = [one for one in once_each(batch) if one.event_id not in known]
        if not new:
            return
        self.events += new
        onwards = None
        if self.judgement is not None:
            onwards = advance(
                self.judgement.state,
                new,
                context_map=self.context_map,
                kin=self.kin,
                watch=self.watch,
                maps=self.maps,
            )
        self.advanced += onwards is not None
        self.judgement = onwards or judge_run(
            self.events, context_map=self.context_map, kin=self.kin, watch=self.watch, maps=self.maps
        )
        if self.judgement.whole:
            self.findings.clear()
            self.holdings.clear()
        for finding in self.judgement.findings:
            self.findings.setdefault((*finding.key, finding.owner), finding)
        self.holdings |= self.judgement.holdings.keys()


def runs_of(sample: Sample) -> dict[str, list[Event]]:
    """A sample's events by run."""
    runs: dict[str, list[Event]] = {}
    for one in sample.events:
        runs.setdefault(one.run_id, []).append(one)
    return runs


FACTS: dict[str, dict[str, RunFacts]] = {}


def facts_of(sample: Sample) -> dict[str, RunFacts]:
    """What is known of each run of a sample."""
    if sample.name not in FACTS:
        FACTS[sample.name] = {
            run_id: judge_run(events, context_map=None, kin=Kin(), watch=None, maps=sample.maps).facts
            for run_id, events in runs_of(sample).items()
        }
    return FACTS[sample.name]


def kept_by(sample: Sample, run_id: str) -> Stored:
    """An empty store for one run, with its map and family."""
    reuse = Reuse.of(runs_of(sample)[run_id])
    context_map = sample.maps.get(reuse.parts[0].workflow)
    kin = kin_of(run_id, reuse.parent_run_ids, facts_of(sample))
    return Stored(context_map, kin, WATCH, sample.maps)


def assert_same_as_whole(stored: Stored, events: Sequence[Event]) -> None:
    """What the store holds is what judging its events from scratch says."""
    whole = judge_run(events, context_map=stored.context_map, kin=stored.kin, watch=stored.watch, maps=stored.maps)
    assert stored.judgement is not None
    assert stored.findings == {(*one.key, one.owner): one for one in whole.findings}
    assert stored.holdings == whole.holdings.keys()
    assert stored.judgement.facts == whole.facts


def batches(events: Sequence[Event], dice: random.Random) -> list[Sequence[Event]]:
    """The events cut into batches at random places."""
    cuts = sorted(dice.sample(range(len(events) + 1), min(len(events), dice.randint(0, 6))))
    return [events[start:end] for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True)]


ANY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@ANY
@given(sample=st.sampled_from(STREAMS), dice=st.randoms(use_true_random=False))
def test_random_orders_splits_and_repeats_end_alike(sample: Sample, dice: random.Random) -> None:
    run_id, events = dice.choice(sorted(runs_of(sample).items()))
    shuffled = [*events, *dice.choices(events, k=3)]
    dice.shuffle(shuffled)
    stored = kept_by(sample, run_id)
    for batch in batches(shuffled, dice):
        stored.take(batch)
    assert_same_as_whole(stored, events)


@ANY
@given(sample=st.sampled_from(STREAMS), dice=st.randoms(use_true_random=False))
def test_nearly_ordered_events_end_alike(sample: Sample, dice: random.Random) -> None:
    run_id, events = dice.choice(sorted(runs_of(sample).items()))
    ordered = in_order(once_each(events))
    for _ in range(dice.randint(0, 2)):
        late = ordered.pop(dice.randrange(len(ordered)))
        ordered.append(late)
    stored = kept_by(sample, run_id)
    for batch in batches(ordered, dice):
        stored.take(batch)
    assert_same_as_whole(stored, events)


@pytest.mark.parametrize("sample", STREAMS[::16], ids=lambda one: one.name)
def test_every_split_of_every_run_ends_alike(sample: Sample) -> None:
    """In its order, cut once at each place. Of all streams this takes two minutes."""
    for run_id, events in runs_of(sample).items():
        ordered = in_order(once_each(events))
        for cut in range(1, len(ordered)):
            stored = kept_by(sample, run_id)
            stored.take(ordered[:cut])
            stored.take(ordered[cut:])
            assert_same_as_whole(stored, ordered)


@pytest.mark.parametrize("share", range(2))
def test_every_run_one_event_at_a_time_ends_alike(share: int) -> None:
    for sample in STREAMS[share::4]:
        for run_id, events in runs_of(sample).items():
            stored = kept_by(sample, run_id)
            for one in in_order(once_each(events)):
                stored.take([one])
            assert_same_as_whole(stored, events)


def test_events_in_order_are_never_judged_twice() -> None:
    sample = scenario("threads-threadlocal-dirty")
    for run_id, events in runs_of(sample).items():
        stored = kept_by(sample, run_id)
        for one in in_order(once_each(events)):
            stored.take([one])
        assert stored.advanced == len(stored.events) - 1
        assert_same_as_whole(stored, events)


def long_run(steps: int, *, names: int) -> list[Event]:
    """A run that goes round and round through its steps, losing and regaining its session."""
    found = []
    for number in range(steps):
        session = None if number % 7 == 3 else "s-1"
        context = {"session_id": session, "other": {"session_id": "s-2"}, "n": number}
        moment = f"Step{number % names}.{'exit' if number % 2 else 'enter'}"
        found.append(event(moment, context, at=number, session="s-1", sequence=number))
    return found


def test_the_state_stays_small_however_long_the_run() -> None:
    for names in (3, 10_000):
        stored = Stored(None, Kin(), Watch())
        sizes = []
        events = long_run(2_000, names=names)
        for start in range(0, len(events), 50):
            stored.take(events[start : start + 50])
            assert stored.judgement is not None
            sizes.append(len(stored.judgement.state))
        assert stored.advanced == len(sizes) - 1
        assert sizes[-1] < sizes[1] * 1.5 < 12_000


def changed(state_of: list[Event], **other: object) -> Judgement | None:
    """The answer of `advance` to one more event of a run judged so far."""
    judged = judge_run(state_of, context_map=None, kin=Kin(), watch=Watch())
    more = event("B.exit", {"session_id": "s-1"}, at=9, **other)
    return advance(judged.state, [more], context_map=None, kin=Kin(), watch=Watch())


def test_advance_refuses_what_could_change_the_past() -> None:
    first = event("A.enter", {"session_id": "s-1"}, at=1, execution_id="x-1", final=True)
    assert changed([first]) is not None
    assert changed([first], session="s-9") is None, "the run's own session is another"
    assert changed([first], execution_id="x-2") is None, "the run id was reused"
    assert changed([first], final=True) is None, "another final event"
    late = event("A.exit", {}, at=99)
    assert changed([first, late]) is None, "it comes before one that was judged"


def test_advance_refuses_a_state_of_another_setting() -> None:
    first, more = event("A.enter", {}, at=1), event("A.exit", {}, at=2)
    state = judge_run([first], context_map=None, kin=Kin(), watch=Watch()).state
    watch = Watch(shapes=(Shape("c-", 9),))
    assert advance(state, [more], context_map=None, kin=Kin(), watch=watch) is None
    assert advance(b"", [more], context_map=None, kin=Kin(), watch=Watch()) is None
    assert advance(b"[0,{}]", [more], context_map=None, kin=Kin(), watch=Watch()) is None
    assert advance(b"[1,{}]", [more], context_map=None, kin=Kin(), watch=Watch()) is None
    assert advance(state, [], context_map=None, kin=Kin(), watch=Watch()) is None
    assert advance(state, [more], context_map=None, kin=Kin(), watch=Watch()) is not None
