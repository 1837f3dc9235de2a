"""The rules about a parent and its children: what fires, where, and what proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from monitor.detection.anomaly import Anomaly
from monitor.detection.catalogue import CATALOGUE, rule_by_id
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from tests.detection.samples import event, maps_of

PAY = "{passes: [$.order], requires: ['$.order'], returns: [$.charge], error_paths: [$.charge.error]}"
TEXT = f"version: 1\nworkflow: checkout\nchildren:\n  pay: {PAY}\n  scan: {{}}\n"
ORDER = {"id": "o-1"}


def parent(before: Any, after: Any, *, enter: Any = (), left: Any = ()) -> list[Event]:
    """The parent's spawning step, entered at 10 s and left at 20 s; further fields for either event."""
    return [
        event("Charge.enter", before, at=10, **dict(enter)),
        event("Charge.exit", after, at=20, **dict(left)),
    ]


def child(
    *contexts: Any, at: float = 12, run_id: str = "c-1", workflow: str = "pay", **fields: Any
) -> list[Event]:
    """A child with one event a second from 12 s on; `fields` are those of its last event."""
    shared = {"run_id": run_id, "workflow": workflow, "parent_run_id": "r-1", "parent_step": "Charge"}
    last = len(contexts) - 1
    return [
        event(f"S{index}.exit", context, at=at + index, **shared, **(fields if index == last else {}))
        for index, context in enumerate(contexts)
    ]


def judged(rule: str, events: Sequence[Event], text: str = TEXT) -> tuple[Anomaly, ...]:
    """What one rule finds."""
    return judge_all(events, maps_of([text]), (rule_by_id(rule),))


def shown(found: Sequence[Anomaly]) -> list[tuple[str, Any, Any, str | None]]:
    """Path, expected, observed, and the source as `run step path`."""
    whence = [one.source and f"{one.source.run_id} {one.source.step} {one.source.path}" for one in found]
    return [(one.path, one.expected, one.observed, place) for one, place in zip(found, whence, strict=True)]


class TestParentOverwritten:
    """What a step left with that its child had."""

    rule = "parent-overwritten"

    def found(
        self, before: Any, after: Any, *contexts: Any, **fields: Any
    ) -> list[tuple[str, Any, Any, str | None]]:
        return shown(judged(self.rule, parent(before, after, **fields) + child(*contexts)))

    def test_it_names_the_first_event_of_the_child_that_had_the_value(self) -> None:
        after = {"note": "b", "charge": {"code": "ok"}}
        found = self.found(
            {"note": "a"}, after, {"note": "a"}, {"note": "b", "charge": {"code": "ok"}}, {"note": "b"}
        )
        assert found == [("$.note", "a", "b", "c-1 S1 $.note")]

    def test_what_is_removed_returned_or_never_the_childs_is_none(self) -> None:
        assert self.found({"a": 1, "b": 1}, {"b": 2, "charge": 7}, {"b": 3, "charge": 7}) == []

    def test_a_value_that_the_child_has_only_after_the_exit_counts(self) -> None:
        late = child({"note": "b"}, at=25)
        assert len(judged(self.rule, parent({"note": "a"}, {"note": "b"}) + late)) == 1

    def test_a_whole_object_stands_for_its_leaves_and_has_the_source_of_the_first(self) -> None:
        found = self.found(
            {}, {"x": {"a": 1, "b": 2}}, {"x": {"b": 2}}, {"x": {"a": 1, "b": 0}}, {"x": {"a": 1, "b": 2}}
        )
        assert found == [("$.x", None, {"a": 1, "b": 2}, "c-1 S1 $.x")]

    def test_part_of_a_new_object_is_named_leaf_by_leaf(self) -> None:
        assert self.found({}, {"x": {"a": 1, "b": 2}}, {"x": {"a": 1}}) == [("$.x.a", None, 1, "c-1 S0 $.x.a")]

    def test_what_replaced_something_else_is_the_childs_as_a_whole_or_not(self) -> None:
        assert self.found({"x": True}, {"x": {"a": 1, "b": 2}}, {"x": {"a": 1}}) == []
        found = self.found({"x": [1]}, {"x": {"a": 1}}, {"x": {"a": 1}})
        assert found == [("$.x", [1], {"a": 1}, "c-1 S0 $.x")]

    def test_fingerprints_compare_with_fingerprints_alone(self) -> None:
        assert self.found({"a": "x"}, {"a": "fp:1"}, {"a": "fp:1"}) == []
        assert self.found({"a": "fp:0"}, {"a": "fp:1"}, {"a": "x"}) == []
        assert self.found({"a": "fp:0"}, {"a": "fp:1"}, {"a": "fp:1"}) == [("$.a", "fp:0", "fp:1", "c-1 S0 $.a")]

    def test_what_a_partial_enter_lacks_was_perhaps_there(self) -> None:
        assert self.found({"b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2}, enter={"partial": True}) == [
            ("$.b", 1, 2, "c-1 S0 $.b")
        ]

    def test_without_its_enter_or_its_exit_the_step_proves_nothing(self) -> None:
        enter, left = parent({"a": 1}, {"a": 2})
        assert judged(self.rule, [enter, *child({"a": 2})]) == ()
        assert judged(self.rule, [left, *child({"a": 2})]) == ()

    def test_of_two_children_the_first_that_had_it_is_the_source(self) -> None:
        events = parent({"a": 1}, {"a": 2}) + child({"a": 2}, at=15) + child({"a": 2}, at=14, run_id="c-9")
        found = judged(self.rule, events)
        assert shown(found) == [("$.a", 1, 2, "c-9 S0 $.a")]

    def test_each_execution_of_the_step_is_judged_by_its_own_children(self) -> None:
        again = [event("Charge.enter", {"a": 2}, at=30), event("Charge.exit", {"a": 3}, at=40)]
        events = [*parent({"a": 1}, {"a": 2}), *again, *child({"a": 3}), *child({"a": 3}, at=32, run_id="c-2")]
        found = judged(self.rule, events)
        assert [(one.expected, one.observed, one.source and one.source.run_id) for one in found] == [(2, 3, "c-2")]


class TestChildOverreach:
    """What a child began with that its parent does not pass."""

    rule = "child-overreach"

    def found(self, theirs: Any, mine: Any, **fields: Any) -> list[tuple[str, Any, Any, str | None]]:
        return shown(judged(self.rule, parent(theirs, theirs, **fields) + child(mine)))

    def test_texts_and_fingerprints_count_and_nothing_else_does(self) -> None:
        same = {"a": "x", "b": 1, "c": True, "d": None, "e": "", "f": [], "g": {}, "h": "fp:1", "order": ORDER}
        assert [path for path, *_ in self.found(same, same)] == ["$.a", "$.h"]

    def test_the_path_must_be_the_same(self) -> None:
        assert self.found({"a": "x", "b": ["y"]}, {"b": ["x", "y"], "c": "x"}) == []

    def test_an_object_is_named_where_all_of_both_is_concerned(self) -> None:
        whole = {"who": {"mail": "x", "name": "y"}}
        assert [path for path, *_ in self.found(whole, whole)] == ["$.who"]
        assert [path for path, *_ in self.found(whole, {"who": {"mail": "x"}})] == ["$.who.mail"]
        more = {"who": {"mail": "x", "age": 7}}
        assert [path for path, *_ in self.found(more, more)] == ["$.who.mail"]

    def test_the_source_is_the_parents_first_event_with_the_value_there(self) -> None:
        first = [event("Load.exit", {"a": "y", "z": "x"}, at=1), event("Check.exit", {"a": "x"}, at=2)]
        events = first + parent({"a": "x"}, {"a": "x"}) + child({"a": "x"}, {"a": "x"})
        found = judged(self.rule, events)
        assert [(one.step, *row) for one, row in zip(found, shown(found), strict=True)] == [
            ("S0", "$.a", None, "x", "r-1 Check $.a")
        ]
        assert found[0].leak_class == "scoping"

    def test_only_what_the_parent_had_at_the_enter_counts(self) -> None:
        assert judged(self.rule, parent({}, {"a": "x"}) + child({"a": "x"})) == ()

    def test_an_unseen_parent_a_workflow_not_listed_and_an_unseen_step_prove_nothing(self) -> None:
        events = parent({"a": "x"}, {"a": "x"})
        assert judged(self.rule, child({"a": "x"})) == ()
        assert judged(self.rule, events + child({"a": "x"}, workflow="mail")) == ()
        assert judged(self.rule, [event("Load.exit", {"a": "x"}, at=1), *child({"a": "x"})]) == ()
        assert judged(self.rule, events + child({"a": "x"}), "version: 1\nworkflow: checkout\n") == ()


class TestMissingInput:
    """What a child began without."""

    rule = "missing-input"

    @pytest.mark.parametrize("nothing", [None, "", [], {}])
    def test_null_and_what_is_empty_is_missing(self, nothing: Any) -> None:
        found = judged(self.rule, parent({}, {}) + child({"order": nothing}, {"order": ORDER}))
        assert shown(found) == [("$.order", None, nothing, None)]

    @pytest.mark.parametrize("value", [0, False, "x", [0]])
    def test_a_number_and_false_are_there(self, value: Any) -> None:
        assert judged(self.rule, parent({}, {}) + child({"order": value}, {})) == ()

    def test_what_a_partial_snapshot_lacks_may_be_there_and_what_it_shows_is_not(self) -> None:
        assert judged(self.rule, parent({}, {}) + child({}, partial=True)) == ()
        assert len(judged(self.rule, parent({}, {}) + child({"order": None}, partial=True))) == 1

    def test_the_spawning_step_need_not_have_been_seen(self) -> None:
        assert len(judged(self.rule, [event("Load.exit", {}, at=1), *child({})])) == 1

    @pytest.mark.parametrize(
        ("path", "context", "places"),
        [
            ("$.lines[*].sku", {}, ["$.lines"]),
            (
                "$.lines[*].sku",
                {"lines": [{"sku": ""}, {"sku": "k"}, {"sku": []}]},
                ["$.lines[0].sku", "$.lines[2].sku"],
            ),
            ("$.lines[0].sku", {"lines": []}, ["$.lines[0].sku"]),
            ("$.lines[-1]", {"lines": []}, ["$.lines"]),
            ("$..sku", {}, ["$"]),
        ],
    )
    def test_a_path_with_wildcards_is_named_as_far_as_it_leads(
        self, path: str, context: Any, places: list[str]
    ) -> None:
        text = TEXT.replace("'$.order'", f"'{path}'")
        found = judged(self.rule, parent({}, {}) + child(context), text)
        assert [one.path for one in found] == places


class TestSilentFailure:
    """A failed child of which its parent's step says nothing."""

    rule = "silent-failure"

    def found(self, after: Any, *children: list[Event], **left: Any) -> list[tuple[str, Any, Any, str | None]]:
        events = parent({}, after, left=left) + [one for its in children for one in its]
        return shown(judged(self.rule, events))

    @pytest.mark.parametrize("after", [{}, {"charge": {"error": ""}}, {"charge": {"error": False}}, {"charge": 1}])
    def test_an_empty_error_says_nothing(self, after: Any) -> None:
        failed = child({}, {}, status="error", final=True)
        assert self.found(after, failed) == [("$.charge.error", None, None, "c-1 S1 $")]

    def test_an_error_that_is_told_or_passed_on_is_not_silent(self) -> None:
        failed = child({}, status="error", final=True)
        assert self.found({"charge": {"error": "declined"}}, failed) == []
        assert self.found({}, failed, status="error") == []
        assert self.found({"order": ORDER}, failed, partial=True) == []

    def test_without_error_paths_every_failure_is_silent(self) -> None:
        failed = child({}, workflow="scan", status="error")
        assert self.found({}, failed) == [("$", None, None, "c-1 S0 $")]
        assert self.found({}, failed, partial=True) == [("$", None, None, "c-1 S0 $")]

    def test_the_final_event_says_how_a_child_ended_and_the_last_one_without_it(self) -> None:
        first, second = child({}, {}, status="error")
        ended = event("S0.exit", {}, at=11.5, run_id="c-1", workflow="pay", parent_run_id="r-1", final=True)
        assert self.found({}, [first, second]) == [("$.charge.error", None, None, "c-1 S1 $")]
        assert self.found({}, [first, second, ended]) == []

    def test_only_the_last_child_of_a_workflow_counts(self) -> None:
        failed, passed = child({}, status="error"), child({}, run_id="c-0", at=14)
        assert self.found({}, failed, passed) == []
        assert len(self.found({}, failed, child({}, run_id="c-0", at=11))) == 1
        assert len(self.found({}, failed, child({}, run_id="c-0", at=14, workflow="scan"))) == 1

    def test_of_two_workflows_each_counts(self) -> None:
        failed = child({}, status="error")
        found = self.found({}, failed, child({}, run_id="c-2", at=14, workflow="scan", status="error"))
        assert found == [("$", None, None, "c-2 S0 $"), ("$.charge.error", None, None, "c-1 S0 $")]


def test_family_rules_are_silent_without_children_in_the_map() -> None:
    rules = [
        rule_by_id(one) for one in ("parent-overwritten", "child-overreach", "missing-input", "silent-failure")
    ]
    maps = maps_of(["version: 1\nworkflow: checkout\n", TEXT])
    assert [rule.speaks(maps["checkout"]) for rule in rules] == [True] * 4
    bare = maps_of(["version: 1\nworkflow: checkout\nchildren: {}\n"])["checkout"]
    assert [rule.speaks(bare) for rule in rules] == [False] * 4
    assert {rule.id for rule in rules} <= {rule.id for rule in CATALOGUE}
