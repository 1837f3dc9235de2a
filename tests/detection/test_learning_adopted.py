"""What becomes of adopted lines: written as YAML for people, and added to what people wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.learning.as_yaml import as_yaml
from monitor.detection.learning.merging import is_declared, merged
from monitor.detection.learning.proposal import Line, as_plain
from monitor.detection.map_source import read_source
from monitor.detection.maps import parse_map

LINES = [
    Line(("identity", "session"), "$.session_id", 9, 9),
    Line(("inputs",), "zz é", 3, 9),
    Line(("steps", "LoadCart", "writes"), "$.cart.items", 9, 9, "executions"),
    Line(("steps", "LoadCart", "writes"), "$.scratch", 9, 9, "executions"),
    Line(("steps", "Idle", "resources"), None, 9, 9, note="it touched nothing"),
    Line(("parallel",), {"branches": ["a", "b"], "join": "J"}, 9, 9),
]
OURS = """\
# our map
version: 1
workflow: w
owner: "x"   # us
inputs:
  - a   # the first
steps:
  LoadCart: {writes: [$.cart]}   # the cart
  Idle:
"""


def test_adopted_lines_stand_beside_what_people_wrote() -> None:
    text = merged(OURS, LINES, workflow="w")
    for kept in ("# our map", "# us", "# the first", "# the cart", 'owner: "x"'):
        assert kept in text
    assert "zz é # in 3 of 9 runs" in text
    found = parse_map(text)
    assert found.inputs == ("a", "zz é")
    assert [path.text for path in found.steps["LoadCart"].writes or ()] == ["$.cart", "$.scratch"]
    assert found.steps["Idle"].resources == ()
    assert found.parallel[0].join == "J"
    assert merged(text, LINES, workflow="w") == text


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"version": 1, "workflow": "w", "steps": {"LoadCart": {"writes": ["$.a\ud83d\ude00"]}}}),
        "version: 1\nworkflow: w\nsteps:\n  A: {writes: &x [$.a]}\n  LoadCart: {writes: *x}\n",
        "version: 1\nworkflow: w\nsteps:\n  A: &a {writes: [$.a]}\n  LoadCart: {<<: *a}\n",
        "{version: 1, workflow: w, inputs: [b], steps: {}}\n",
        "version: 1\nworkflow: w\n...\n",
    ],
)
def test_whatever_way_a_map_is_written_only_the_lines_come_to_it(text: str) -> None:
    before, after = (read_source(one)[0].plain() for one in (text, merged(text, LINES, workflow="w")))
    assert all(is_declared(after, line) for line in LINES)
    assert after["steps"].get("A") == before.get("steps", {}).get("A")
    assert after["inputs"] == [*before.get("inputs", []), "zz é"]
    parse_map(merged(text, LINES, workflow="w"))


def test_what_is_declared_is_not_proposed_again() -> None:
    plain = read_source(OURS)[0].plain()
    assert [is_declared(plain, line) for line in LINES] == [False, False, True, False, False, False]
    declared = {"parallel": [{"branches": ["b", "c"], "join": "K"}], "steps": {"Idle": {"resources": ["redis:*"]}}}
    assert [is_declared(declared, line) for line in LINES[-2:]] == [True, True]
    touched_by = [
        Line(("steps", "Idle", "resources"), text, 1, 1) for text in ("redis:a:{run_id}", "s3:a", "redis:*")
    ]
    assert [is_declared(declared, line) for line in touched_by] == [True, False, True]


NAMES = st.text(min_size=1, max_size=20).filter(
    lambda text: "\0" not in text and text.encode("utf-8", "ignore").decode() == text
)


@given(step=NAMES, name=NAMES, resource=NAMES, workflow=NAMES)
def test_any_name_survives_being_written_as_yaml(step: str, name: str, resource: str, workflow: str) -> None:
    lines = [
        Line(("inputs",), name, 1, 1),
        Line(("steps", step, "resources"), resource, 1, 1, note="a note"),
        Line(("parallel",), {"branches": [name, step], "join": resource}, 1, 1),
    ]
    text = as_yaml(workflow, lines, heading=[f"{name}\n{step}"])
    assert read_source(text)[0].plain() == as_plain(workflow, lines)
    assert parse_map(text).workflow == workflow
