"""What leaked between branches, and what the join lost."""

from __future__ import annotations

from tests.detection.branching import INTERFERENCE, LOST, found, onwards, run
from tests.detection.samples import event


def test_branches_on_one_object_hold_what_their_siblings_wrote() -> None:
    events = run(
        ("S.exit", {"checks": {"v": 1}}),
        ("a:A.enter", {"checks": {"v": 1}}),
        ("b:B.enter", {"checks": {"v": 1}}),
        ("a:A.exit", {"checks": {"v": 1, "stock": 4}}),
        ("b:B.exit", {"checks": {"v": 1, "stock": 4, "fraud": 7}}),
        ("Join.enter", {"checks": {"v": 1, "stock": 4, "fraud": 7}}),
    )
    assert found(*events) == [(INTERFERENCE, "B.exit", "b", "$.checks.stock", None, 4, "A")]


def test_a_value_may_be_seen_before_the_exit_that_proves_whose_it_is() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("b:B.enter", {"stock": {"ok": True, "left": 4}}),
        ("b:B.exit", {"stock": {"ok": True, "left": 4}}),
        ("a:A.exit", {"stock": {"ok": True, "left": 4}}),
    )
    stock = {"ok": True, "left": 4}
    assert found(*events) == [
        (INTERFERENCE, "B.enter", "b", "$.stock", None, stock, "A"),
        (INTERFERENCE, "B.exit", "b", "$.stock", None, stock, "A"),
    ]
    assert onwards(events)[1] == 0, "nothing that was found before is taken back"


def test_a_branch_that_writes_the_same_later_takes_it_back() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("a:A.exit", {"status": "done"}),
        ("b:B.enter", {"status": "done"}),
        ("b:B.exit", {"status": "done"}),
    )
    row = (INTERFERENCE, "B.enter", "b", "$.status", None, "done", "A")
    assert row in found(*events)
    own = run(("b:C.enter", {}), ("b:C.exit", {"status": "done"}))
    later = [event(f"{one.step}.{one.phase}", one.context, at=9 + at, branch="b") for at, one in enumerate(own)]
    assert found(*events, *later) == []
    assert onwards([*events, *later])[1] == 1, "the run is judged anew once"


def test_a_path_of_an_earlier_event_changes_when_more_of_it_proves_to_be_a_siblings() -> None:
    both = {"stock": {"ok": True, "left": 4}}
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("a:A.exit", {"stock": {"ok": True}}),
        ("b:B.enter", both),
        ("a:C.enter", {"stock": {"ok": True}}),
        ("a:C.exit", both),
    )
    assert found(*events[:-1]) == [(INTERFERENCE, "B.enter", "b", "$.stock.ok", None, True, "A")]
    assert found(*events) == [(INTERFERENCE, "B.enter", "b", "$.stock", None, both["stock"], "A")]


def test_what_stood_before_the_fork_is_nobodys_and_neither_is_what_is_empty() -> None:
    events = run(
        ("S.exit", {"v": 1}),
        ("a:A.enter", {"v": 2}),
        ("a:A.exit", {"v": 1, "list": [], "object": {}}),
        ("b:B.enter", {"v": 1, "list": [], "object": {}}),
    )
    assert found(*events) == []


def test_three_branches_on_one_object_each_wrote_only_their_own() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("b:B.enter", {}),
        ("c:C.enter", {}),
        ("a:A.exit", {"x": 1}),
        ("b:B.exit", {"x": 1, "y": 2}),
        ("c:C.exit", {"x": 1, "y": 2, "z": 3}),
        ("Join.enter", {"x": 1, "y": 2, "z": 3}),
    )
    assert found(*events) == [
        (INTERFERENCE, "B.exit", "b", "$.x", None, 1, "A"),
        (INTERFERENCE, "C.exit", "c", "$.x", None, 1, "A"),
        (INTERFERENCE, "C.exit", "c", "$.y", None, 2, "B"),
    ]


def test_steps_that_do_not_overlap_may_write_the_same() -> None:
    events = run(
        ("S.exit", {}),
        ("a:A.enter", {}),
        ("a:A.exit", {"x": 1}),
        ("b:B.enter", {}),
        ("b:B.exit", {"x": 1, "y": 2}),
        ("Join.enter", {"x": 1, "y": 2}),
    )
    assert found(*events) == []


def test_a_change_outside_the_writes_of_its_step_was_not_written() -> None:
    events = run(
        ("S.exit", {}),
        ("a:Declared.enter", {}),
        ("a:Declared.exit", {"checks": {"own": 1, "other": 2}}),
        ("b:B.enter", {"checks": {"own": 1, "other": 2}}),
        ("Join.enter", {}),
    )
    assert found(*events) == [
        (INTERFERENCE, "B.enter", "b", "$.checks.own", None, 1, "Declared"),
        (LOST, "Join.enter", None, "$.checks.own", 1, None, "Declared"),
    ]


def test_a_join_that_replaces_an_object_whole_loses_what_the_others_wrote() -> None:
    events = run(
        ("S.exit", {"checks": {}, "total": 5}),
        ("a:A.enter", {"checks": {}, "total": 5}),
        ("b:B.enter", {"checks": {}, "total": 5}),
        ("a:A.exit", {"checks": {"stock": {"ok": True, "left": 4}}, "total": 6}),
        ("b:B.exit", {"checks": {"fraud": 7}, "total": 5}),
        ("Join.enter", {"checks": {"fraud": 7}, "total": 5}),
        ("Join.exit", {"checks": {"fraud": 7}, "total": 5}),
    )
    assert found(*events) == [
        (LOST, "Join.enter", None, "$.checks.stock", {"ok": True, "left": 4}, None, "A"),
        (LOST, "Join.enter", None, "$.total", 6, 5, "A"),
    ], "once, at the first event of the join"


def test_a_siblings_value_over_a_write_is_a_loss_and_another_value_is_a_merge() -> None:
    before = run(
        ("S.exit", {"n": 1}),
        ("a:A.enter", {"n": 1}),
        ("a:A.exit", {"n": 2}),
        ("b:B.enter", {"n": 1}),
        ("b:B.exit", {"n": 3}),
    )
    assert found(*before, event("Join.enter", {"n": 3}, at=9)) == [(LOST, "Join.enter", None, "$.n", 2, 3, "A")]
    assert found(*before, event("Join.enter", {"n": 4}, at=9)) == []


def test_a_merge_of_lists_may_put_an_element_elsewhere() -> None:
    before = run(
        ("S.exit", {"notes": [{"n": 0}]}),
        ("a:A.enter", {"notes": [{"n": 0}]}),
        ("a:A.exit", {"notes": [{"n": 0}, {"n": 1, "by": "a"}]}),
        ("b:B.enter", {"notes": [{"n": 0}]}),
        ("b:B.exit", {"notes": [{"n": 0}, {"n": 2, "by": "b"}]}),
    )
    mine, other = {"n": 1, "by": "a"}, {"n": 2, "by": "b"}
    assert found(*before, event("Join.enter", {"notes": [mine, other, {"n": 0}]}, at=9)) == []
    assert found(*before, event("Join.enter", {"notes": [{"n": 0}, other]}, at=9)) == [
        (LOST, "Join.enter", None, "$.notes[1]", mine, other, "A")
    ]
    torn = [{"n": 0}, {"n": 1, "by": "b"}, {"n": 2, "by": "a"}]
    assert {row[3] for row in found(*before, event("Join.enter", {"notes": torn}, at=9))} == {"$.notes[1]"}, (
        "an element is found again only where it is whole"
    )


def test_what_a_later_step_of_the_branch_dropped_or_overwrote_is_not_lost() -> None:
    events = run(
        ("S.exit", {"v": 1}),
        ("a:A.enter", {"v": 1}),
        ("a:A.exit", {"v": 1, "draft": "x", "status": "open"}),
        ("a:B.enter", {"v": 1, "draft": "x", "status": "open"}),
        ("a:B.exit", {"v": 1, "status": "done"}),
        ("Join.enter", {"v": 1, "status": "done"}),
    )
    assert found(*events) == []


def test_a_retry_in_a_branch_starts_over() -> None:
    events = [
        event("S.exit", {}, at=0),
        event("A.enter", {}, at=1, branch="a"),
        event("A.exit", {"half": 1}, at=2, branch="a", status="error"),
        event("A.enter", {}, at=3, branch="a", attempt=2),
        event("B.enter", {"half": 1}, at=4, branch="b"),
        event("A.exit", {"whole": 2}, at=5, branch="a", attempt=2),
        event("Join.enter", {}, at=6),
    ]
    assert found(*events) == [
        (INTERFERENCE, "B.enter", "b", "$.half", None, 1, "A"),
        (LOST, "Join.enter", None, "$.whole", 2, None, "A"),
    ]


def test_what_a_partial_snapshot_does_not_show_proves_nothing() -> None:
    events = [
        event("S.exit", {"v": 1}, at=0),
        event("S.exit", {"w": 1}, at=1, partial=True, attempt=2),
        event("A.enter", {}, at=2, branch="a", partial=True),
        event("A.exit", {"x": 1, "v": 1, "w": 2}, at=3, branch="a"),
        event("B.enter", {"x": 1, "v": 1, "w": 1}, at=4, branch="b"),
        event("B.exit", {"x": 1, "v": 2, "w": 1}, at=5, branch="b"),
        event("C.enter", {}, at=6, branch="b", partial=True),
    ]
    assert found(*events) == [], "x may have been there before A was entered"
    lossy = event("Join.enter", {"w": 1}, at=7, partial=True)
    assert found(*events, lossy) == [], "the join may hold v all the same"
    whole_one = event("Join.enter", {"w": 1}, at=7)
    assert found(*events, whole_one) == [(LOST, "Join.enter", None, "$.v", 2, None, "B")]


def test_between_a_plain_value_and_a_fingerprint_nothing_follows() -> None:
    events = run(
        ("S.exit", {"v": "fp:0"}),
        ("a:A.enter", {"v": "fp:0"}),
        ("a:A.exit", {"v": "fp:1"}),
        ("b:B.enter", {"v": "plain"}),
        ("b:B.exit", {"v": "fp:2"}),
        ("b:C.enter", {"v": "fp:1"}),
        ("Join.enter", {"v": "plain"}),
    )
    assert found(*events) == [(INTERFERENCE, "C.enter", "b", "$.v", "fp:0", "fp:1", "A")]
