"""`check_events --format junit` writes a suite a workflow and a test a rule, the same in every pipeline."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from monitor.detection.catalogue import CATALOGUE
from monitor.management.check.formats.junit import MOST_LISTED
from tests.factories import event_dict
from tests.ingestion.checking import MAP, check, leak, lines, warning

NEEDS_A_MAP = "must_be_clear"


def junit(*args: Any) -> ET.Element:
    said = check(*args, "--format", "junit")[1]
    assert said.isascii()
    return ET.fromstring(said)


def case(root: ET.Element, workflow: str, name: str) -> ET.Element:
    found = root.find(f"testsuite[@name='{workflow}']/testcase[@name='{name}']")
    assert found is not None
    return found


def test_a_test_for_each_rule_of_each_workflow(tmp_path):
    path = tmp_path / "e.ndjson"
    path.write_bytes(lines([*leak(), event_dict(workflow="refund", run_id="r-3")]))
    root = junit(path)
    assert [suite.get("name") for suite in root] == ["files", "checkout", "refund"]
    for suite in list(root)[1:]:
        assert [one.get("name") for one in suite] == [rule.id for rule in CATALOGUE]
        assert {one.get("classname") for one in suite} == {suite.get("name")}
        assert suite.get("tests") == str(len(CATALOGUE))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    assert [suite.get("failures") for suite in root] == ["0", "1", "0"]
    failure = case(root, "checkout", "foreign-session").find("failure")
    assert failure is not None
    assert failure.get("message") == "1 anomaly in 1 run: Another session in the context"
    head, line = (failure.text or "").splitlines()
    assert head == failure.get("message")
    assert line.startswith(f"{path}:2: run r-2 at LoadCart.exit, $.session_id: ")


def test_a_rule_that_lacks_its_map_is_skipped_and_says_what_it_needs(tmp_path):
    path, card = tmp_path / "e.ndjson", tmp_path / "map.yaml"
    path.write_bytes(lines([event_dict(context={})]))
    card.write_text(MAP)
    skipped = case(junit(path), "checkout", "uncleared-field").find("skipped")
    assert skipped is not None
    assert NEEDS_A_MAP in str(skipped.get("message"))
    assert case(junit(path, card), "checkout", "uncleared-field").find("skipped") is None


def test_what_is_below_the_threshold_is_told_and_fails_nothing(tmp_path):
    path = tmp_path / "e.ndjson"
    path.write_bytes(lines([warning()]))
    test = case(junit(path, "--fail-on", "high"), "checkout", "oversized-context")
    assert test.find("failure") is None
    assert "run r-9" in str(test.findtext("system-out"))
    assert case(junit(path), "checkout", "oversized-context").find("failure") is not None


def test_what_could_not_be_read_is_an_error_of_its_file(tmp_path):
    path = tmp_path / "e.ndjson"
    path.write_bytes(lines([event_dict(), *([event_dict(phase="both")] * (MOST_LISTED + 2))]))
    root = junit(path, tmp_path / "none")
    files = root[0]
    assert (files.get("errors"), files.get("tests")) == ("2", "2")
    error = case(root, "files", str(path)).find("error")
    assert error is not None
    assert error.get("message") == f"{MOST_LISTED + 2} things could not be read"
    told = (error.text or "").splitlines()
    assert told[1].startswith(f"{path}:2: phase: ")
    assert (len(told), told[-1]) == (MOST_LISTED + 2, "and 2 more")


def test_no_value_breaks_the_document(tmp_path):
    path = tmp_path / "e.ndjson"
    name = '</failure>]]>&"\x01\x0b\ufffe\U0001f600\u202e'
    path.write_bytes(lines(leak(workflow=name, step=name)))
    suite = junit(path)[1]
    assert suite.get("name") == '</failure>]]>&"\\x01\\x0b\\ufffe\U0001f600\\u202e'
    assert suite.get("failures") == "1"
