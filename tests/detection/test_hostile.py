"""Hostile contexts are judged without a crash or a stall, and a broken rule is contained."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.detection.anomaly import Finding
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.engine import Judgement, judge_run
from monitor.detection.history import judge_all
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from monitor.detection.rule import Rule, Scene
from monitor.detection.rules.foreign_session import ForeignSession
from monitor.detection.snapshot import size_bytes
from tests.detection.samples import event, maps_of

MAP = """\
version: 1
workflow: checkout
identity: {session: [$..sid], ignore: ['$..ignored']}
inputs: [session_id]
cleanup: [scratch]
must_be_clear: [{path: '$..gift', at: any}, {path: '$[*]', at: run.end}]
size_limit_bytes: 1000
"""
MAPS = maps_of([MAP])


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
)


def deep(levels: int, inner: Any) -> dict[str, Any]:
    """A context of so many levels, objects and lists in turn."""
    value = inner
    for level in range(levels - 1):
        value = [value] if level % 2 else {"a.b": value}
    return {"deep": value}


HOSTILE: dict[str, dict[str, Any]] = {
    "64 levels": deep(64, {"session_id": "s-9", "gift": 1}),
    "100,000 keys": {f"k{n}": n for n in range(100_000)},
    "100,000 elements": {"list": [{"session_id": "s-1"}] * 100_000},
    "half surrogates": {"\ud800": {"session_id": "\udfff"}, "gift": "\ud800", "scratch": ["\udc00"]},
    "odd keys": {
        "a.b": {"session_id": "s-9"},
        "it's": {"session_id": "s-8"},
        "[0]": {"session_id": "s-7"},
        "": 1,
        "\\": 2,
    },
    "huge numbers": {"session_id": 10**5_000, "n": -(10**5_000), "f": 1e308, "gift": 10**5_000},
    "odd identities": {
        "session_id": {"session_id": ["s-1", {"session_id": 1.5}]},
        "tenant_id": [],
        "org_id": False,
    },
}


def judged(context: dict[str, Any]) -> Judgement:
    """The judgement of a run with this context, beside a quiet event."""
    events = [event("A.enter", {"session_id": "s-1"}, at=1), event("A.exit", context, at=2, final=True)]
    return judge_run(events, context_map=MAPS["checkout"], kin=Kin(), watch=Watch())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_contexts_are_judged_in_time(name: str) -> None:
    began = time.perf_counter()
    found = judged(HOSTILE[name])
    assert found.errors == ()
    assert time.perf_counter() - began < 10
    for finding in found.findings:
        finding.path.encode()


@pytest.mark.parametrize("name", ["64 levels", "half surrogates", "odd keys", "huge numbers", "odd identities"])
def test_hostile_values_are_traced_to_their_source(name: str) -> None:
    source = event("A.exit", HOSTILE[name], at=0, run_id="r-0")
    victim = [event("A.enter", {"session_id": "s-1"}, at=1), event("A.exit", HOSTILE[name], at=2, final=True)]
    found = [one for one in judge_all([source, *victim], MAPS) if one.run_id == "r-1"]
    assert found
    for one in found:
        one.message.encode()


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text() | st.sampled_from(["session_id", "sid", "gift", "scratch", "tenantId", "ignored"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.text(max_size=3) | st.sampled_from(["session_id", "sid", "gift"]), inner, max_size=3
                )
            ),
            max_leaves=20,
        ),
        max_size=6,
    )
)
def test_no_context_breaks_a_rule(context: dict[str, Any]) -> None:
    assert judged(context).errors == ()


class Broken(ForeignSession):
    """A rule that finds one thing and then breaks."""

    id: ClassVar[str] = "broken"

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """Raises with a value of the context in the message."""
        yield self.finding(scene, (), expected=None, observed=None)
        raise KeyError(scene.event.context["session_id"])


@pytest.mark.interpreted
def test_a_rule_that_raises_is_named_and_disturbs_nobody() -> None:
    events = [event("A.enter", {"session_id": "s-9"}, at=1, session="s-1")]
    rules: tuple[Rule, ...] = (Broken(), *CATALOGUE)
    found = judge_run(events, context_map=None, kin=Kin(), watch=Watch(), rules=rules)
    assert [one.rule for one in found.findings] == ["foreign-session"]
    assert [(one.rule, one.run_id, one.error) for one in found.errors] == [("broken", "r-1", "KeyError")]
    assert "s-9" not in repr(found.errors)


@pytest.mark.parametrize(
    ("context", "size"),
    [({}, 2), ({"a": "ä"}, 10), ({"a": [1, 2.5, True, None]}, 23), ({"a": '"\n\x01'}, 18), ({"a": "\ud800"}, 11)],
)
def test_the_size_is_that_of_compact_utf8_json(context: dict[str, Any], size: int) -> None:
    assert size_bytes(context) == size


@given(VALUES)
def test_a_size_limit_is_kept_to_the_byte(value: Any) -> None:
    context = {"v": value}
    size = size_bytes(context)
    for limit, over in ((size, False), (size - 1, True)):
        maps = maps_of([f"version: 1\nworkflow: checkout\nsize_limit_bytes: {limit}\n"])
        found = judge_all([event("A.enter", context)], maps)
        assert bool([one for one in found if one.rule == "oversized-context"]) is over
