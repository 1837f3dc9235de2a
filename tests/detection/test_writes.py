"""What a step changes: undeclared-write, and what is lost again: lost-field. Source: RULES.md."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.event import Event
from tests.detection.ruling import Row, found, rows, ruled, sources
from tests.detection.samples import event


def step(
    before: Any, after: Any, *, name: str = "Pack", at: float = 1, enter: Any = (), **left: Any
) -> list[Event]:
    """A step, entered at a second and left at the next one; further fields for either event."""
    shared = {"branch": left.get("branch"), "attempt": left.get("attempt", 1)}
    return [
        event(f"{name}.enter", before, at=at, **{**shared, **dict(enter)}),
        event(f"{name}.exit", after, at=at + 1, **left),
    ]


class TestUndeclaredWrite:
    """What a step changed outside of its `writes`."""

    def ruled(
        self, before: Any, after: Any, writes: str = "[$.box]", drops: str = "[]", **fields: Any
    ) -> list[Row]:
        body = f"steps: {{Pack: {{writes: {writes}, drops: {drops}}}, Weigh: {{writes: [$.kg]}}, Look: {{}}}}"
        return ruled("undeclared-write", step(before, after, **fields), body)

    def test_what_is_set_changed_or_removed_is_named_at_the_exit_in_document_order(self) -> None:
        got = self.ruled({"b": 1, "z": 1, "box": 1}, {"a": 1, "b": 2, "box": 2})
        assert got == [
            ("Pack.exit", "$.a", None, 1),
            ("Pack.exit", "$.b", 1, 2),
            ("Pack.exit", "$.z", 1, None),
        ]

    def test_an_empty_list_allows_nothing_and_no_list_allows_all(self) -> None:
        assert len(self.ruled({}, {"box": 1}, writes="[]")) == 1
        assert self.ruled({}, {"a": 1}, name="Look") == []
        assert self.ruled({}, {"a": 1}, name="Unlisted") == []

    def test_a_path_covers_all_below_it_and_nothing_above(self) -> None:
        assert self.ruled({"box": {}}, {"box": {"a": {"b": [1]}}}) == []
        assert self.ruled({"box": {"a": 1}}, {"box": {"a": 1, "b": 2}}, writes="[$.box.a]") == [
            ("Pack.exit", "$.box.b", None, 2)
        ]

    def test_one_stands_for_all_leaves_of_an_object_but_not_for_some_of_them(self) -> None:
        assert self.ruled({}, {"who": {"a": 1, "b": [2]}}) == [
            ("Pack.exit", "$.who", None, {"a": 1, "b": [2]}),
        ]
        assert self.ruled({"who": {"a": 1, "c": 0}}, {"who": {"a": 2, "b": 3, "c": 0}}) == [
            ("Pack.exit", "$.who.a", 1, 2),
            ("Pack.exit", "$.who.b", None, 3),
        ]

    def test_below_the_root_all_leaves_are_never_one_at_the_root(self) -> None:
        assert [path for _, path, *_ in self.ruled({"a": 1, "b": 1}, {"a": 2, "b": 2})] == ["$.a", "$.b"]

    def test_a_drop_allows_a_removal_alone(self) -> None:
        assert self.ruled({"tmp": 1}, {}, drops="[$.tmp]") == []
        assert self.ruled({"tmp": 1}, {"tmp": 2}, drops="[$.tmp]") == [("Pack.exit", "$.tmp", 1, 2)]
        assert self.ruled({"tmp": 1}, {"tmp": None}, drops="[$.tmp]") == [("Pack.exit", "$.tmp", 1, None)]

    def test_null_is_a_value_and_equal_numbers_are_no_change(self) -> None:
        assert self.ruled({"a": 1, "b": True}, {"a": 1.0, "b": True, "n": None}) == [
            ("Pack.exit", "$.n", None, None)
        ]
        assert self.ruled({"b": True}, {"b": 1}) == [("Pack.exit", "$.b", True, 1)]

    def test_a_value_that_is_replaced_by_another_kind_is_one_change(self) -> None:
        assert self.ruled({"a": {"x": 1}}, {"a": "gone"}) == [("Pack.exit", "$.a", {"x": 1}, "gone")]
        assert self.ruled({"a": "x"}, {"a": {"x": 1}}) == [("Pack.exit", "$.a", "x", {"x": 1})]
        assert self.ruled({"a": {"x": 1}}, {"a": [1]}) == [("Pack.exit", "$.a", {"x": 1}, [1])]

    def test_fingerprints_compare_with_fingerprints_alone(self) -> None:
        assert self.ruled({"a": "x", "b": "fp:1"}, {"a": "fp:1", "b": "x"}) == []
        assert self.ruled({"a": "fp:1"}, {"a": "fp:2"}) == [("Pack.exit", "$.a", "fp:1", "fp:2")]
        assert self.ruled({"a": {"x": 1}}, {"a": "fp:2"}) == []

    def test_what_is_absent_from_a_partial_snapshot_proves_nothing(self) -> None:
        assert self.ruled({"a": 1, "b": 1}, {"b": 2}, partial=True) == [("Pack.exit", "$.b", 1, 2)]
        assert self.ruled({"b": 1}, {"a": 1, "b": 2}, enter={"partial": True}) == [("Pack.exit", "$.b", 1, 2)]

    def test_without_its_enter_an_exit_proves_nothing(self) -> None:
        body = "steps: {Pack: {writes: []}}"
        _, left = step({"a": 1}, {"a": 2})
        assert ruled("undeclared-write", [left], body) == []
        assert ruled(
            "undeclared-write", [*step({"a": 1}, {"a": 2}), event("Pack.exit", {"a": 9}, at=5)], body
        ) == [("Pack.exit", "$.a", 1, 2)]

    def test_a_failed_step_is_judged_too(self) -> None:
        assert self.ruled({}, {"a": 1}, status="error") == [("Pack.exit", "$.a", None, 1)]

    def test_each_attempt_is_judged_by_its_own_enter(self) -> None:
        events = [*step({"a": 1}, {"a": 2}), *step({"a": 2}, {"a": 2}, at=5, attempt=2)]
        got = found("undeclared-write", events, "steps: {Pack: {writes: []}}")
        assert [(one.attempt, one.observed) for one in got] == [(1, 2)]

    @pytest.mark.parametrize(
        ("moments", "silent"),
        [
            ("W> P> P< W<", True),
            ("P> W> P< W<", True),
            ("P> W> W< P<", True),
            ("W> P> W< P<", True),
            ("W> W< P> P<", False),
            ("P> P< W> W<", False),
        ],
    )
    def test_what_an_overlapping_step_declares_is_not_told(self, moments: str, silent: bool) -> None:
        events = []
        for second, moment in enumerate(moments.split()):
            name = {"P": "Pack", "W": "Weigh"}[moment[0]]
            phase = {">": "enter", "<": "exit"}[moment[1]]
            context = {"kg": 1} if second >= moments.split().index("P<") else {}
            events.append(event(f"{name}.{phase}", context, at=second, branch=name))
        body = "steps: {Pack: {writes: []}, Weigh: {writes: [$.kg]}}"
        assert (ruled("undeclared-write", events, body) == []) is silent

    def test_a_step_that_overlaps_and_declares_nothing_excuses_nothing(self) -> None:
        other = event("Look.enter", {}, at=0)
        events = [other, *step({}, {"a": 1})]
        assert len(ruled("undeclared-write", events, "steps: {Pack: {writes: []}, Look: {}}")) == 1

    def test_paths_with_wildcards_and_negative_indexes_allow_what_they_match(self) -> None:
        before, after = {"rows": [{"a": 1}, {"a": 1}]}, {"rows": [{"a": 1}, {"a": 2}]}
        assert self.ruled(before, after, writes="['$.rows[*].a']") == []
        assert self.ruled(before, after, writes="['$.rows[-1]']") == []
        assert self.ruled(before, after, writes="['$..a']") == []
        assert self.ruled(before, after, writes="['$.rows[0]']") == [
            ("Pack.exit", "$.rows[1]", {"a": 1}, {"a": 2})
        ]


STEPS = "steps: {Find: {writes: [$.who]}, Trim: {writes: [$.who], drops: [$.who.mail, $.phone]}}\n"


class TestLostField:
    """What an exit added and a later event has no longer."""

    def ruled(self, *events: Event, body: str = STEPS) -> list[Row]:
        return ruled("lost-field", events, body)

    def wrote(self, context: Any, before: Any = (), **left: Any) -> list[Event]:
        """The step `Find`, which leaves with a context at second 2."""
        return step(dict(before), context, name="Find", **left)

    def test_it_fires_once_at_the_first_event_that_lacks_the_member(self) -> None:
        later = [event("Send.enter", {}, at=5), event("Send.exit", {}, at=6), event("End.exit", {}, at=7)]
        got = found("lost-field", [*self.wrote({"who": "Ann"}), *later], STEPS)
        assert rows(got) == [("Send.enter", "$.who", "Ann", None)]
        assert sources(got) == [("r-1", "r-1/2/Find.exit/1/None", "$.who")]
        assert got[0].leak_class == "integrity"

    def test_a_member_that_came_back_may_be_lost_again_once_it_is_written_again(self) -> None:
        lost = event("Send.enter", {}, at=5)
        again = step({}, {"who": "Ann"}, name="Find", at=7)
        assert self.ruled(*self.wrote({"who": "Ann"}), lost, *again, event("End.exit", {}, at=9)) == [
            ("Send.enter", "$.who", "Ann", None),
            ("End.exit", "$.who", "Ann", None),
        ]

    def test_what_was_there_before_any_step_is_nobodys_work(self) -> None:
        assert self.ruled(*self.wrote({"who": "Ann"}, {"who": "Ann"}), event("End.exit", {}, at=9)) == []

    def test_what_was_changed_is_the_steps_work(self) -> None:
        got = self.ruled(*self.wrote({"who": "Bea"}, {"who": "Ann"}), event("End.exit", {}, at=9))
        assert got == [("End.exit", "$.who", "Bea", None)]

    def test_null_is_there_and_was_a_value(self) -> None:
        assert self.ruled(*self.wrote({"who": "Ann"}), event("End.exit", {"who": None}, at=9)) == []
        assert self.ruled(*self.wrote({"who": None}), event("End.exit", {}, at=9)) == [
            ("End.exit", "$.who", None, None)
        ]

    def test_elements_of_lists_do_not_count_but_the_list_does(self) -> None:
        wrote = self.wrote({"rows": [{"a": 1}, 2], "tags": []})
        assert self.ruled(*wrote, event("End.exit", {"rows": [{}], "tags": []}, at=9)) == []
        assert self.ruled(*wrote, event("End.exit", {"rows": []}, at=9)) == [("End.exit", "$.tags", [], None)]

    def test_a_member_that_is_replaced_with_its_object_is_not_lost(self) -> None:
        wrote = self.wrote({"who": {"mail": "a@x", "name": "Ann"}})
        for other in ("closed", 7, [1], None, "fp:1"):
            assert self.ruled(*wrote, event("End.exit", {"who": other}, at=9)) == []
        assert self.ruled(*wrote, event("End.exit", {"who": {"name": 0}}, at=9)) == [
            ("End.exit", "$.who.mail", "a@x", None)
        ]

    def test_a_whole_object_stands_for_its_members(self) -> None:
        wrote = self.wrote({"who": {"a": 1, "b": {"c": 2}}, "x": 1})
        assert self.ruled(*wrote, event("End.exit", {"x": 1}, at=9)) == [
            ("End.exit", "$.who", {"a": 1, "b": {"c": 2}}, None)
        ]

    def test_what_stood_in_the_object_already_keeps_it_from_standing_for_all(self) -> None:
        wrote = self.wrote({"who": {"a": 1, "b": 2}}, {"who": {"a": 1}})
        assert self.ruled(*wrote, event("End.exit", {}, at=9)) == [("End.exit", "$.who.b", 2, None)]

    def test_a_failed_exit_wrote_nothing(self) -> None:
        assert self.ruled(*self.wrote({"who": "Ann"}, status="error"), event("End.exit", {}, at=9)) == []

    def test_an_exit_without_its_enter_wrote_nothing(self) -> None:
        assert self.ruled(self.wrote({"who": "Ann"})[1], event("End.exit", {}, at=9)) == []

    def test_what_is_absent_from_a_partial_snapshot_proves_nothing(self) -> None:
        wrote, partial = self.wrote({"who": "Ann"}), event("Send.enter", {}, at=5, partial=True)
        assert self.ruled(*wrote, partial) == []
        assert self.ruled(*wrote, partial, event("End.exit", {}, at=9)) == [("End.exit", "$.who", "Ann", None)]

    def test_a_drop_excuses_the_loss_at_that_exit_and_after_it(self) -> None:
        wrote = self.wrote({"who": {"mail": "a@x", "name": "Ann"}})
        trim = step({"who": {"mail": "a@x", "name": "Ann"}}, {"who": {"name": "Ann"}}, name="Trim", at=5)
        assert self.ruled(*wrote, *trim, event("End.exit", {"who": {"name": "Ann"}}, at=9)) == []
        early = step({"who": {"name": "Ann"}}, {"who": {"name": "Ann"}}, name="Trim", at=5)
        assert self.ruled(*wrote, *early) == [("Trim.enter", "$.who.mail", "a@x", None)]

    def test_a_drop_holds_from_the_enter_of_its_step_and_without_one_at_its_exit(self) -> None:
        whole, rest = {"who": {"mail": "a@x", "name": "Ann"}}, {"who": {"name": "Ann"}}
        begun = [event("Trim.enter", whole, at=5), event("Send.enter", rest, at=6)]
        assert self.ruled(*self.wrote(whole), *begun) == []
        assert self.ruled(*self.wrote(whole), event("Trim.exit", rest, at=5)) == []

    def test_a_drop_covers_what_is_below_it_and_no_more(self) -> None:
        wrote = self.wrote({"phone": {"home": "1"}, "who": {"name": "Ann"}})
        assert self.ruled(
            *wrote, *step({"phone": {"home": "1"}, "who": {"name": "Ann"}}, {}, name="Trim", at=5)
        ) == [("Trim.exit", "$.who", {"name": "Ann"}, None)]

    def test_cleanup_and_per_iteration_may_go_at_any_time(self) -> None:
        wrote, end = self.wrote({"who": {"a": 1}, "tmp": 2}), event("End.exit", {}, at=9)
        assert self.ruled(*wrote, end, body=STEPS + "cleanup: [who, tmp]") == []
        assert self.ruled(*wrote, end, body=STEPS + "per_iteration: [$.who.a, $.tmp]") == []
        assert self.ruled(*wrote, end, body=STEPS + "cleanup: [tmp]") == [("End.exit", "$.who", {"a": 1}, None)]

    def test_a_checkpoint_load_may_take_it_back(self) -> None:
        wrote = self.wrote({"who": "Ann"})
        load = step({"who": "Ann"}, {}, name="Restore", at=5)
        body = STEPS + "checkpoints: [{save: Save, load: Restore, path: $}]"
        assert self.ruled(*wrote, *load, event("End.exit", {}, at=9), body=body) == []
        assert self.ruled(*wrote, *load, event("End.exit", {}, at=9)) == [("Restore.exit", "$.who", "Ann", None)]

    def test_a_branch_does_not_miss_what_its_sibling_wrote(self) -> None:
        mine = step({}, {"who": "Ann"}, name="Find", at=1, branch="a")
        theirs = step({}, {"x": 1}, name="Look", at=3, branch="b")
        assert self.ruled(*mine, *theirs) == []
        assert self.ruled(*mine, *theirs, event("Send.enter", {}, at=6, branch="a")) == [
            ("Send.enter", "$.who", "Ann", None)
        ]

    def test_each_attempt_is_a_line_of_its_own(self) -> None:
        first = self.wrote({"who": "Ann"})
        second = step({}, {"who": "Ann"}, name="Find", at=5, attempt=2)
        assert self.ruled(*first, *second) == []

    def test_fingerprints_of_the_member_are_there(self) -> None:
        assert self.ruled(*self.wrote({"who": "Ann"}), event("End.exit", {"who": "fp:1"}, at=9)) == []

    def test_it_is_silent_without_steps_in_the_map(self) -> None:
        assert self.ruled(*self.wrote({"who": "Ann"}), event("End.exit", {}, at=9), body="") == []
        assert self.ruled(*self.wrote({"who": "Ann"}), event("End.exit", {}, at=9), body="steps: {}") == []
