"""`manage.py check_events`, as a CI pipeline runs it: what it answers, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError

from monitor.management.check import formats
from monitor.management.check.formats.registry import FORMATS
from monitor.management.commands import check_events
from tests.factories import event_dict
from tests.ingestion.checking import MAP, ROOT, check, check_outside, leak, lines, report, warning


@pytest.fixture
def leaking(tmp_path) -> Path:
    path = tmp_path / "leak.ndjson"
    path.write_bytes(lines(leak()))
    return path


def test_json_as_the_contract_shapes_it(leaking):
    code, said = check(leaking, "--format", "json")
    found = json.loads(said)
    assert code == 1
    assert list(found) == ["events", "runs", "anomalies", "errors"]
    assert (found["events"], found["runs"], found["errors"]) == (2, 2, [])
    (anomaly,) = found["anomalies"]
    assert anomaly["rule"] == "foreign-session"
    assert anomaly["class"] == "temporal"
    assert anomaly["severity"] == "critical"
    place = ("checkout", "r-2", "LoadCart", "exit")
    assert (anomaly["workflow"], anomaly["run_id"], anomaly["step"], anomaly["phase"]) == place
    assert (anomaly["attempt"], anomaly["branch"], anomaly["path"]) == (1, None, "$.session_id")
    assert (anomaly["expected"], anomaly["observed"]) == ("s-2", "s-1")
    assert {"run_id": "r-1", "step": "LoadCart", "path": "$.session_id"}.items() <= anomaly["source"].items()
    assert anomaly["source"]["resource"] is None
    assert anomaly["occurred_at"] == "2026-11-20T10:01:00Z"
    assert anomaly["event_id"]
    assert anomaly["message"]


def test_text_names_the_run_the_rule_and_the_place(leaking):
    code, said = check(leaking)
    assert code == 1
    assert "foreign-session" in said
    assert "run r-2" in said
    assert "$.session_id" in said
    assert said.endswith("2 events in 2 runs: 1 anomaly (1 critical).\n")


def test_text_lets_no_value_act_on_a_terminal_or_a_pipeline(tmp_path):
    path = tmp_path / "hostile.ndjson"
    path.write_bytes(lines(leak(workflow="a\x1b[2J\n::error::b\u202e##vso[task.setvariable]##[add-mask]x")))
    said = check(path)[1]
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\n::" not in said
    assert "##" not in said
    assert r"a\x1b[2J\n::error::b\u202e\x23#vso[task.setvariable]\x23#[add-mask]x" in said


def test_nothing_found_is_0(tmp_path):
    path = tmp_path / "clean.ndjson"
    path.write_bytes(lines(leak()[:1]))
    assert check(path) == (0, "1 event in 1 run: no anomalies.\n")


def test_the_threshold(tmp_path):
    high, low, card = tmp_path / "high.ndjson", tmp_path / "warning.ndjson", tmp_path / "map.yaml"
    high.write_bytes(lines([event_dict(context={"discount": "SPRING"})]))
    low.write_bytes(lines([warning()]))
    card.write_text(MAP)
    assert check(high)[0] == 0
    for threshold, code_of_high, code_of_low in (("warning", 1, 1), ("high", 1, 0), ("critical", 0, 0)):
        assert check(high, "--map", card, "--fail-on", threshold)[0] == code_of_high
        assert check(low, "--fail-on", threshold)[0] == code_of_low


def test_several_maps_each_for_its_workflow(tmp_path):
    events, first, second = tmp_path / "e.ndjson", tmp_path / "a.json", tmp_path / "b.yml"
    context = {"discount": "X"}
    events.write_bytes(
        lines([event_dict(workflow=name, run_id=name, context=context) for name in ("checkout", "b")])
    )
    first.write_text(
        json.dumps({"version": 1, "workflow": "b", "must_be_clear": [{"path": "$.discount", "at": "any"}]})
    )
    second.write_text(MAP)
    named = [["--map", first, events, "--map", second], [events, "--map", first, second]]
    for arguments in named:
        assert {one["workflow"] for one in report(*arguments)["anomalies"]} == {"checkout", "b"}


def test_files_may_stand_on_both_sides_of_the_options(tmp_path):
    first, second = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    for path, event in zip((first, second), leak(), strict=True):
        path.write_bytes(lines([event]))
    assert report(first, "--fail-on", "high", second)["runs"] == 2


def test_maps_that_cannot_be_used_are_2(tmp_path, leaking):
    good, bad, large = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "large.yaml"
    good.write_text(MAP)
    bad.write_text("version: 1\nworkflow: checkout\ncolour: red\n")
    large.write_bytes(b"#" * 2_000_000)
    code, said = check(leaking, "--map", bad, "--format", "json")
    assert code == 2
    assert [(one["line"], one["field"]) for one in json.loads(said)["errors"]] == [(3, "colour")]
    for maps in ([good, good], [tmp_path / "none.yaml"], [large], [tmp_path]):
        assert check(leaking, *(word for one in maps for word in ("--map", one)))[0] == 2


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_the_answer_may_go_to_a_file(tmp_path, leaking, form):
    path = tmp_path / "answer"
    code, said = check(leaking, "--format", form, "--output", path)
    assert (code, said) == (1, "2 events in 2 runs: 1 anomaly (1 critical).\n")
    assert path.read_text() == check(leaking, "--format", form)[1]


def test_the_answer_never_overwrites_what_is_read(tmp_path, leaking):
    before = leaking.read_bytes()
    for path in (leaking, tmp_path, tmp_path / "none" / "answer"):
        with pytest.raises(CommandError, match="--output") as refused:
            check(leaking, "--output", path)
        assert refused.value.returncode == 2
    assert leaking.read_bytes() == before


def test_only_the_forms_that_exist_are_offered(leaking):
    with pytest.raises(CommandError, match="xml"):
        check(leaking, "--format", "xml")


def test_every_form_is_offered():
    shared = {"__init__", "format", "registry", "sarif_rules"}
    on_disk = {path.stem for path in Path(str(formats.__file__)).parent.glob("*.py")} - shared
    assert {one.name for one in FORMATS} == on_disk


def test_an_error_of_our_own_is_2_and_not_a_leak(leaking, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a rule fell over")

    monkeypatch.setattr(check_events, "judge", broken)
    with pytest.raises(CommandError, match="RuntimeError: a rule fell over") as ended:
        check(leaking)
    assert ended.value.returncode == 2


def test_needs_no_database_no_broker_and_no_setting(leaking):
    done = check_outside(leaking, "--format", "json")
    assert done.returncode == 1, done.stderr.decode()
    assert done.stderr == b""
    assert len(json.loads(done.stdout)["anomalies"]) == 1


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    path = tmp_path / "many.ndjson"
    path.write_bytes(lines([event for n in range(2000) for event in leak(workflow=f"w{n}")]))
    command = f"{sys.executable} manage.py check_events {path} 2>&1 | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert b"Error" not in done.stdout + done.stderr


def test_ctrl_c_is_130_without_a_traceback(tmp_path):
    path = tmp_path / "endless"
    os.mkfifo(path)
    command = [sys.executable, "manage.py", "check_events", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as running:
        with path.open("wb", buffering=0) as pipe:  # opens as soon as the command reads
            pipe.write(lines(leak()))
            running.send_signal(signal.SIGINT)
        _, said = running.communicate()
        assert running.returncode == 130
    assert said == b"interrupted: nothing was judged to the end\n"
