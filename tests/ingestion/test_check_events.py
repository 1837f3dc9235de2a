"""`manage.py check_events`, as a CI pipeline runs it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import event_dict

ROOT = Path(__file__).resolve().parents[2]
MAP = "version: 1\nworkflow: checkout\nmust_be_clear:\n  - {path: $.discount, at: LoadCart.exit}\n"


def run(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("check_events", *map(str, args), stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def lines(events: list[Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def leak() -> list[dict[str, Any]]:
    """Run r-2 of session s-2 holds the session of r-1."""
    return [
        event_dict(run_id="r-1", session="s-1", context={"session_id": "s-1"}, occurred_at="2026-11-20T10:00:00Z"),
        event_dict(run_id="r-2", session="s-2", context={"session_id": "s-1"}, occurred_at="2026-11-20T10:01:00Z"),
    ]


@pytest.fixture
def leaking(tmp_path) -> Path:
    path = tmp_path / "leak.ndjson"
    path.write_bytes(lines(leak()))
    return path


def test_json_as_the_contract_shapes_it(leaking):
    code, said = run(leaking, "--format", "json")
    report = json.loads(said)
    assert code == 1
    assert (report["events"], report["runs"], report["errors"]) == (2, 2, [])
    (anomaly,) = report["anomalies"]
    assert anomaly["rule"] == "foreign-session"
    assert anomaly["class"] == "temporal"
    assert anomaly["severity"] == "critical"
    assert (anomaly["workflow"], anomaly["run_id"], anomaly["step"], anomaly["phase"]) == (
        "checkout",
        "r-2",
        "LoadCart",
        "exit",
    )
    assert (anomaly["attempt"], anomaly["branch"], anomaly["path"]) == (1, None, "$.session_id")
    assert (anomaly["expected"], anomaly["observed"]) == ("s-2", "s-1")
    assert {"run_id": "r-1", "step": "LoadCart", "path": "$.session_id"}.items() <= anomaly["source"].items()
    assert anomaly["source"]["resource"] is None
    assert anomaly["occurred_at"] == "2026-11-20T10:01:00Z"
    assert anomaly["event_id"]
    assert anomaly["message"]


def test_text_names_the_run_the_rule_and_the_place(leaking):
    code, said = run(leaking)
    assert code == 1
    assert "foreign-session" in said
    assert "run r-2" in said
    assert "$.session_id" in said
    assert said.endswith("2 events in 2 runs: 1 anomaly (1 critical).\n")


def test_nothing_found_is_0(tmp_path):
    path = tmp_path / "clean.ndjson"
    path.write_bytes(lines(leak()[:1]))
    assert run(path) == (0, "1 event in 1 run: no anomalies.\n")


def test_the_threshold(tmp_path):
    path, card = tmp_path / "e.ndjson", tmp_path / "map.yaml"
    path.write_bytes(lines([event_dict(context={"discount": "SPRING"})]))
    card.write_text(MAP)
    assert run(path)[0] == 0
    for threshold, code in (("warning", 1), ("high", 1), ("critical", 0)):
        assert run(path, "--map", card, "--fail-on", threshold)[0] == code


@pytest.mark.parametrize("wrap", [lines, lambda events: json.dumps(events, indent=2).encode()])
def test_files_may_be_lines_or_arrays_gzipped_or_not_and_many(tmp_path, wrap):
    first, second = tmp_path / "a.json", tmp_path / "b.json.gz"
    events = leak()
    first.write_bytes(wrap(events[:1]))
    second.write_bytes(gzip.compress(wrap(events)))
    code, said = run(first, second, "--format", "json")
    assert code == 1
    assert json.loads(said)["events"] == 2


def test_one_object_over_many_lines_is_one_event(tmp_path):
    path = tmp_path / "one.json"
    path.write_text(json.dumps(leak()[0], indent=2))
    assert run(path)[0] == 0


def test_the_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(lines(leak()))))
    assert run("-")[0] == 1


def test_bad_lines_are_listed_and_the_others_judged(tmp_path):
    path = tmp_path / "mixed.ndjson"
    events = leak()
    path.write_bytes(lines(events[:1]) + b"\n" + lines([event_dict(phase="both")]) + b"{\n" + lines(events[1:]))
    code, said = run(path, "--format", "json")
    report = json.loads(said)
    assert code == 2
    assert len(report["anomalies"]) == 1
    assert [(one["file"], one["line"], one["field"]) for one in report["errors"]] == [
        (str(path), 3, "phase"),
        (str(path), 4, ""),
    ]
    text = run(path)[1]
    assert f"{path}:3: phase: " in text
    assert "2 things could not be read" in text


def test_bad_elements_of_an_array_have_lines_too(tmp_path):
    path = tmp_path / "array.json"
    path.write_text(json.dumps([event_dict(), event_dict(phase="both"), 7], indent=1))
    errors = json.loads(run(path, "--format", "json")[1])["errors"]
    text = path.read_text().splitlines()
    assert '"both"' in "".join(text[errors[0]["line"] - 1 : errors[0]["line"] + 10])
    assert text[errors[1]["line"] - 1].strip() == "7"


@pytest.mark.parametrize("content", [None, b"[{", b"\x1f\x8bno gzip"])
def test_a_file_that_cannot_be_read_is_2(tmp_path, content):
    path = tmp_path / "broken"
    if content is not None:
        path.write_bytes(content)
    code, said = run(path, "--format", "json")
    assert code == 2
    assert json.loads(said)["errors"][0]["file"] == str(path)


def test_maps_that_cannot_be_used_are_2(tmp_path, leaking):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(MAP)
    bad.write_text("version: 1\nworkflow: checkout\ncolour: red\n")
    code, said = run(leaking, "--map", bad, "--format", "json")
    assert code == 2
    assert [(one["line"], one["field"]) for one in json.loads(said)["errors"]] == [(3, "colour")]
    assert run(leaking, "--map", good, "--map", good)[0] == 2
    assert run(leaking, "--map", tmp_path / "none.yaml")[0] == 2


def test_only_the_formats_that_exist_are_offered(leaking):
    with pytest.raises(CommandError, match="sarif"):
        call_command("check_events", str(leaking), "--format", "sarif")


def test_needs_no_database_no_broker_and_no_setting(leaking):
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    done = subprocess.run(
        [sys.executable, "manage.py", "check_events", str(leaking), "--format", "json"],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode()
    assert len(json.loads(done.stdout)["anomalies"]) == 1
