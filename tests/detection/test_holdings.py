"""What is indexed of a run so that another run's leak can be traced to it."""

from __future__ import annotations

from monitor.detection.engine import judge_run
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.values import value_key
from tests.detection.samples import event, maps_of

MAPS = maps_of(
    [
        "version: 1\nworkflow: a\ninputs: [order, session_id]\nmust_be_clear: [{path: $.cart.code, at: any}]\n",
        "version: 1\nworkflow: b\ninputs: [order]\n",
    ]
)


def test_identity_values_are_held_as_the_run_s_own_or_another_s() -> None:
    contexts = [{"session_id": "s-1"}, {"session_id": "s-1", "x": {"session_id": "s-2"}}, {"session_id": "s-1"}]
    events = [event("A.enter", context, at=n) for n, context in enumerate(contexts)]
    held = judge_run(events, context_map=None, kin=Kin(), watch=Watch()).holdings
    assert [(one.value_key, one.path, one.kind, one.event_id) for one in held] == [
        (value_key("s-1"), "$.session_id", "own", events[0].event_id),
        (value_key("s-2"), "$.x.session_id", "identity", events[1].event_id),
    ]


def test_residue_of_any_map_of_the_project_is_watched() -> None:
    watch = Watch.of(MAPS.values())
    context = {"order": {"id": 1}, "session_id": "s-1", "gift": {"n": 1}, "cart": {"code": "X"}, "empty": []}
    held = judge_run([event("A.enter", context)], context_map=None, kin=Kin(), watch=watch).holdings
    assert {(one.path, one.kind) for one in held} >= {
        ("$.gift", "watched"),
        ("$.cart", "watched"),
        ("$.cart.code", "watched"),
    }
    assert not {"$.order", "$.empty"} & {one.path for one in held}


def test_a_changed_value_is_held_anew_and_an_unchanged_one_once() -> None:
    watch = Watch.of(MAPS.values())
    events = [event("A.enter", {"gift": gift}, at=n) for n, gift in enumerate([1, 1, True, 2])]
    held = judge_run(events, context_map=None, kin=Kin(), watch=watch).holdings
    assert [one.value_key for one in held] == [value_key(1), value_key(True), value_key(2)]


def test_a_watch_is_named_by_what_it_watches() -> None:
    maps = list(MAPS.values())
    assert Watch.of(maps).digest == Watch.of(reversed(maps)).digest != Watch().digest
    assert Watch.of(maps).listed == frozenset({"order"})
    assert Watch.of([]).listed is None
