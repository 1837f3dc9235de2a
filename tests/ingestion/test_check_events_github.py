"""`check_events --format github` writes workflow commands that GitHub Actions shows as annotations."""

from __future__ import annotations

import pytest

from tests.factories import event_dict
from tests.ingestion.checking import check, leak, lines, warning


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*args) -> list[str]:
    return check(*args, "--format", "github")[1].splitlines()


def test_an_annotation_for_an_anomaly_and_a_line_that_sums_up(here):
    (here / "e.ndjson").write_bytes(lines([*leak(), warning()]))
    first, second, last = said(here / "e.ndjson")
    assert first.startswith("::warning file=e.ndjson,line=3,title=oversized-context (integrity) in checkout::The ")
    assert second.startswith(
        "::error file=e.ndjson,line=2,title=foreign-session (temporal) in checkout::Session s-1 "
    )
    assert last == "3 events in 3 runs: 2 anomalies (1 critical, 1 warning)."


def test_what_could_not_be_read_is_an_error(here):
    (here / "e.ndjson").write_bytes(lines([event_dict(), event_dict(phase="both")]))
    first, second, last = said("e.ndjson", "none.ndjson")
    assert first.startswith("::error file=e.ndjson,line=2,title=cannot be read::phase: ")
    assert second == "::error file=none.ndjson,title=cannot be read::cannot be read: No such file or directory"
    assert last == "1 event in 1 run: no anomalies; 2 things could not be read."


def test_no_value_ends_its_command_or_begins_another(here):
    name = "50%,a:b\r\n::error::c\x1b[0m ##[add-mask]d"
    (here / "a,b:%.ndjson").write_bytes(lines(leak(workflow=name, step=name)))
    first, _ = said("a,b:%.ndjson")
    command, properties, message = first.split(" ", 1)[0], *first.split(" ", 1)[1].split("::", 1)
    assert command == "::error"
    title = r"foreign-session (temporal) in 50%25%2Ca%3Ab\r\n%3A%3Aerror%3A%3Ac\x1b[0m \x23#[add-mask]d"
    assert properties == f"file=a%2Cb%3A%25.ndjson,line=2,title={title}"
    assert r"50%25,a:b\r\n::error::c\x1b[0m \x23#[add-mask]d" in message


def test_the_first_of_each_kind_comes_before_repetitions(here):
    runs = [event for n in range(20) for event in leak(step="First", context={"session_id": "s-1"})[: 1 + (n > 0)]]
    many = [{**event, "event_id": f"e{n}", "run_id": f"{event['run_id']}-{n}"} for n, event in enumerate(runs)]
    other = {**leak(step="Second")[1], "run_id": "r-last", "occurred_at": "2026-11-20T11:00:00Z"}
    (here / "e.ndjson").write_bytes(lines([*many, other]))
    found = said("e.ndjson")
    assert len(found) == 21
    assert [line.count("Second.exit") for line in found[:3]] == [0, 1, 0]
