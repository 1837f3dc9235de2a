"""What `check_events` reads: every form of file, and the line of each event and of each complaint."""

from __future__ import annotations

import gzip
import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.factories import event_dict
from tests.ingestion.checking import check, leak, lines, report


def array(events: list[Any]) -> bytes:
    return json.dumps(events, indent=2).encode()


def flat_array(events: list[Any]) -> bytes:
    return json.dumps(events).encode()


def objects(events: list[Any]) -> bytes:
    """As jq writes them."""
    return "\n".join(json.dumps(event, indent=2) for event in events).encode()


def members(text: bytes) -> bytes:
    """gzip with a member for each half."""
    half = len(text) // 2
    return gzip.compress(text[:half]) + gzip.compress(text[half:])


def places(*files: Path) -> list[tuple[str, int | None, str]]:
    return [(Path(one["file"]).name, one["line"], one["field"]) for one in report(*files)["errors"]]


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, members, zstandard.compress, lambda text: b"\xef\xbb\xbf" + text]
)
@pytest.mark.parametrize("wrap", [lines, array, flat_array, objects])
def test_files_are_lines_arrays_or_objects_compressed_or_not_and_many(tmp_path, wrap, pack):
    first, second = tmp_path / "a", tmp_path / "b"
    events = leak()
    first.write_bytes(pack(wrap(events[:1])))
    second.write_bytes(pack(wrap(events)))
    found = report(first, second)
    assert (found["events"], found["runs"], len(found["anomalies"]), found["errors"]) == (2, 2, 1, [])


def test_of_two_events_with_one_id_the_first_stands(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    events = leak()
    first.write_bytes(lines(events))
    second.write_bytes(lines([{**events[1], "context": {}}]))
    assert len(report(first, second)["anomalies"]) == 1
    assert len(report(second, first)["anomalies"]) == 0


def test_the_standard_input_once(monkeypatch):
    for text in (lines(leak()), gzip.compress(array(leak()))):
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(text)))
        assert check("-")[0] == 1
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(lines(leak()))))
    found = report("-", "-")
    assert (found["events"], [one["file"] for one in found["errors"]]) == (2, ["-"])
    assert "named twice" in found["errors"][0]["error"]


def test_bad_lines_are_listed_and_the_others_judged(tmp_path):
    path = tmp_path / "mixed.ndjson"
    events = leak()
    bad = lines([event_dict(phase="both")])
    path.write_bytes(b"\n \n" + lines(events[:1]) + b"\r\n" + bad + b"{\n" + lines(events[1:]) + b"7")
    found = report(path)
    assert len(found["anomalies"]) == 1
    assert places(path) == [("mixed.ndjson", 5, "phase"), ("mixed.ndjson", 6, ""), ("mixed.ndjson", 8, "")]
    code, text = check(path)
    assert code == 2
    assert f"{path}:5: phase: " in text
    assert "3 things could not be read" in text


def test_a_bad_first_line_costs_no_other(tmp_path):
    path = tmp_path / "torn.ndjson"
    for torn in (b"{", b'{"event_id": "e', b'{"a":', b"}", b"\xff", b"nonsense", b'"text"'):
        path.write_bytes(torn + b"\n" + lines(leak()))
        assert places(path) == [("torn.ndjson", 1, "")]
        assert report(path)["events"] == 2


@pytest.mark.parametrize("wrap", [array, objects])
def test_what_is_wrong_in_an_array_or_object_over_many_lines_has_its_line(tmp_path, wrap):
    path = tmp_path / "many.json"
    text = wrap([event_dict(), event_dict(phase="both"), event_dict(run_id="")]).decode()
    path.write_text(text)
    starts = [number for number, line in enumerate(text.splitlines(), start=1) if line.strip() == "{"]
    outermost = [start for start in starts if '"event_id"' in text.splitlines()[start]]
    assert places(path) == [("many.json", outermost[1], "phase"), ("many.json", outermost[2], "run_id")]


def test_an_element_that_is_no_event_costs_no_other(tmp_path):
    path = tmp_path / "array.json"
    path.write_bytes(b"[7,\n" + b",\n".join(json.dumps(one).encode() for one in leak()) + b",\n nope,,\n [] ]")
    assert [line for _, line, _ in places(path)] == [1, 4, 4, 5]
    assert report(path)["events"] == 2


def test_an_empty_array_is_no_event_and_an_empty_file_is_a_mistake(tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(b" [ ] \n")
    assert check(path) == (0, "0 events in 0 runs: no anomalies.\n")
    for text in (b"", b" \n\n\t\r\n", b"\xef\xbb\xbf", gzip.compress(b"")):
        path.write_bytes(text)
        code, said = check(path)
        assert code == 2
        assert "empty: give a file with one event a line" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        (b"[{", "the array does not end"),
        (array(leak())[:-200], "the array does not end"),
        (array(leak()) + b"x", "something stands after the array"),
        (objects(leak())[:-2], "the event does not end"),
        (b"\x1f\x8bno gzip", "damaged"),
        (gzip.compress(lines(leak()))[:-9], "cut off"),
        (zstandard.compress(lines(leak()))[:-9], "cut off"),
        (json.dumps(leak()[0]).encode("utf-16"), "UTF-16: save it as UTF-8"),
        (b"PK\x03\x04 and so on", "a zip archive: unpack it"),
        (b"BZh9 and so on", "bzip2"),
    ],
)
def test_a_file_that_cannot_be_read_is_2_and_says_why(tmp_path, content, says):
    path = tmp_path / "broken"
    if content is not None:
        path.write_bytes(content)
    code, said = check(path)
    assert code == 2
    assert said.startswith(str(path))
    assert says in said


def test_a_folder_is_an_error_that_says_what_to_do(tmp_path):
    code, said = check(tmp_path)
    assert code == 2
    assert "name the files in it" in said
