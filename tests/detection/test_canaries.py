"""canary-escaped: a token of one run in the context of a stranger. Source: RULES.md, Identity."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.detection.event import Event
from tests.detection.ruling import found, sources
from tests.detection.samples import event

TOKEN = "canary_5d1e"


def issue(run_id: str = "r-1", *, at: float = 0, token: str = TOKEN, context: Any = None, **fields: Any) -> Event:
    """The event that issues a canary to a run."""
    shown = {"_canary": token} if context is None else context
    return event("In.enter", shown, at=at, run_id=run_id, attributes={"canary": token}, **fields)


def holds(context: Any, run_id: str = "r-2", *, at: float = 1, **fields: Any) -> Event:
    """An event of another run."""
    return event("Out.exit", context, at=at, run_id=run_id, **fields)


def told(*events: Event) -> list[tuple[str, str, Any]]:
    """Run, path and observed."""
    return [(one.run_id, one.path, one.observed) for one in found("canary-escaped", events)]


def test_a_token_of_a_stranger_is_found_with_where_it_came_from() -> None:
    got = found("canary-escaped", [issue(), holds({"x": TOKEN}, workflow="mail")])
    assert [(one.run_id, one.path, one.observed, one.leak_class) for one in got] == [
        ("r-2", "$.x", TOKEN, "temporal")
    ]
    assert sources(got) == [("r-1", "r-1/0/In.enter/1/None", "$._canary")]
    assert got[0].severity == "critical"


def test_it_may_stand_inside_of_a_longer_text() -> None:
    text = f"Earlier you said <{TOKEN}>, didn't you?"
    assert told(issue(), holds({"log": [{"said": text}]})) == [("r-2", "$.log[0].said", text)]


def test_every_place_of_every_event_is_told() -> None:
    both = holds({"x": [TOKEN], "a": {"b": TOKEN}}, at=2)
    assert told(issue(), holds({"x": TOKEN}), both) == [
        ("r-2", "$.x", TOKEN),
        ("r-2", "$.a.b", TOKEN),
        ("r-2", "$.x[0]", TOKEN),
    ]


@pytest.mark.parametrize("context", [{TOKEN: 1}, {"x": TOKEN[:-1]}, {"x": TOKEN.upper()}, {"x": 5}, {}])
def test_a_name_a_part_and_another_spelling_are_no_token(context: Any) -> None:
    assert told(issue(), holds(context)) == []


def test_a_number_that_reads_like_a_token_is_none() -> None:
    assert told(issue(token="12"), holds({"x": 12, "y": 3.12})) == []


@pytest.mark.parametrize(
    ("token", "text", "is_told"),
    [
        ("fp:1", "fp:1", True),
        ("fp:1", "fp:12", False),
        ("fp:1", "see fp:1", False),
        ("aa", "fp:aa", False),
    ],
)
def test_of_fingerprints_only_an_equal_one_is_it(token: str, text: str, is_told: bool) -> None:
    assert (told(issue(token=token), holds({"x": text})) != []) is is_told


def test_an_ancestor_and_a_descendant_are_no_strangers() -> None:
    child = holds({"x": TOKEN}, parent_run_id="r-1")
    assert told(issue(), child) == []
    assert told(issue(), holds({}, parent_run_id="r-1"), holds({"x": TOKEN}, "r-3", parent_run_id="r-2")) == []
    assert told(issue("r-2", parent_run_id="r-1"), holds({"x": TOKEN}, "r-1")) == []


def test_a_sibling_is_a_stranger() -> None:
    family = [holds({}, "r-1", at=0.5), issue("r-2", parent_run_id="r-1")]
    assert told(*family, holds({"x": TOKEN}, "r-3", at=2, parent_run_id="r-1")) == [("r-3", "$.x", TOKEN)]


def test_the_runs_own_token_is_at_home_wherever_it_stands() -> None:
    assert told(issue(), holds({"a": TOKEN, "b": f"[{TOKEN}]"}, "r-1")) == []
    assert told(issue(), issue("r-2", at=1), holds({"x": TOKEN}, "r-2", at=2)) == [], "issued to both"


def test_of_several_runs_with_the_token_the_one_it_was_issued_to_is_the_source() -> None:
    got = found("canary-escaped", [issue(), holds({"x": TOKEN}, "r-8", at=2), holds({"x": TOKEN}, "r-9", at=3)])
    assert [(one.run_id, one.source and one.source.run_id) for one in got] == [("r-8", "r-1"), ("r-9", "r-1")]


def test_a_run_may_hold_it_before_it_is_issued_and_while_its_owner_is_at_work() -> None:
    early = found("canary-escaped", [holds({"x": TOKEN}), issue(at=5)])
    assert [(one.leak_class, one.source and one.source.run_id) for one in early] == [("spatial", "r-1")]
    during = found("canary-escaped", [issue(), holds({"x": TOKEN}), holds({}, "r-1", at=2)])
    assert [one.leak_class for one in during] == ["spatial"]


def test_a_token_that_its_own_run_never_shows_was_still_issued_to_it() -> None:
    got = found("canary-escaped", [issue(context={}), holds({"x": TOKEN})])
    assert sources(got) == [("r-1", "r-1/0/In.enter/1/None", "$")]


def test_two_tokens_in_one_text_are_one_anomaly() -> None:
    events = [issue(), issue("r-3", token="canary_9a"), holds({"x": f"{TOKEN} canary_9a"})]
    assert [row[:2] for row in told(*events)] == [("r-2", "$.x")]


def test_without_a_canary_nothing_is_looked_for() -> None:
    assert told(issue(token=""), holds({"x": "anything"})) == []
    plain = event("In.enter", {"_canary": TOKEN}, run_id="r-1", attributes={"worker": TOKEN})
    assert told(plain, holds({"_canary": TOKEN})) == []
