"""Whatever a file holds, `check_events` judges it or names file, line and field, and says what to do, soon."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
import zstandard

from tests.factories import event_dict
from tests.ingestion.checking import check, lines

SECONDS = 20
"""A bound for a busy machine; the slowest takes about two on an idle one."""


def event(context: str | bytes, **fields: Any) -> bytes:
    """One event whose context is this JSON text, in the third line of a file of otherwise good ones."""
    text = context.encode() if isinstance(context, str) else context
    good = lines([event_dict()])
    given = {name: value for name, value in event_dict(**fields, context="HERE").items() if value is not None}
    return good * 2 + lines([given]).replace(b'"HERE"', text) + good


def nested(levels: int, inner: str = "1") -> str:
    return '{"a":' * levels + inner + "}" * levels


JUDGED: dict[str, bytes] = {
    "64 levels": event(nested(64)),
    "100,000 keys": event(json.dumps({f"key {n}": n for n in range(100_000)})),
    "keys with dots, quotes and brackets": event(
        r"""{"a.b": {"['c']": {"\"": [{"]": 1, "": 2, "\\": 3}]}}, "$": 4}"""
    ),
    "the same name twice": event('{"a": 1, "a": 2}'),
    "an integer of 400 digits": event('{"a": ' + "9" * 400 + "}"),
    "400,000 numbers at the end of a double's range": event(
        '{"a": [' + "1.5e300," * 400_000 + "1]}", event_id=None
    ),
    "a number too small to tell from 0": event('{"a": 1e-999}'),
    "a name of 4 MB": event('{"' + "k" * 4_000_000 + '": 1}'),
    "two million numbers 60 levels deep": event(nested(60, "[" + "0," * 1_900_000 + "0]")),
    "controls and directions of writing": event(r'{"\u001b[2J\u202e": "\u0085\u2028\ufeff"}'),
}
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "65 levels": (event(nested(65)), "context", "deeper than 64 levels: send less of it, or flatten it"),
    "100,000 levels": (event(nested(100_000)), "context", "deeper than 64 levels"),
    "100,000 lists": (event('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"), "context", "deeper than 64 levels"),
    "10 MB in a line": (event('{"a": "' + "x" * 10_000_000 + '"}'), "context", "larger than 4 MiB (10000"),
    "a NUL": (event(r'{"a": [1, {"b.c": "\u0000"}]}'), "context", "a NUL character at $.a[1]['b.c']: remove it"),
    "a NUL as it is": (event(b'{"a": "\0"}'), "", "not JSON: Invalid control character"),
    "a NUL in a name": (event(r'{"\u0000": 1}'), "context", "a NUL character at"),
    "a NUL in the run's id": (event("{}", run_id="r\0"), "run_id", "a NUL character"),
    "half a surrogate pair": (event(r'{"a": "\ud800"}'), "context", "half a surrogate pair at $.a"),
    "half of one in a name": (event(r'{"\ud800": 1}'), "context", "half a surrogate pair at $['\\ud800']"),
    "half of one as it is": (event(b'{"a": "\xed\xa0\x80"}'), "", "not UTF-8 at byte"),
    "invalid UTF-8": (event(b'{"a": "\xff"}'), "", "not UTF-8 at byte"),
    "NaN": (event('{"a": NaN}'), "context", "not finite at $.a: send null or a string"),
    "Infinity": (event('{"a": [-Infinity]}'), "context", "not finite at $.a[0]"),
    "1e999": (event('{"a": 1e999}'), "context", "not finite at $.a"),
    "an exponent of 100,000 digits": (event('{"a": 1e' + "9" * 100_000 + "}"), "context", "not finite at $.a"),
    "an integer of 5,000 digits": (event('{"a": ' + "9" * 5_000 + "}"), "", "more than 4,300 digits"),
    "an integer of 4 MB": (event('{"a": ' + "9" * 4_000_000 + "}"), "", "more than 4,300 digits"),
    "a list for a context": (event("[" + "1," * 1_000_000 + "1]"), "context", "send context as an object"),
    "a field of 100,000 characters": (event("{}", **{"x" * 100_000: 1}), "x" * 197 + "...", "unknown field"),
    "100,000 attributes": (
        event("{}", attributes={str(n): "" for n in range(100_000)}),
        "attributes",
        "at most 50",
    ),
    "50,000 accesses": (event("{}", accesses=[{}] * 50_000), "accesses", "at most 100"),
    "a wrong field beside two million numbers": (
        event(nested(60, "[" + "0," * 1_900_000 + "0]"), phase="both"),
        "phase",
        'send phase as "enter" or "exit"',
    ),
}

WHOLE: dict[str, tuple[bytes, str]] = {
    "a million brackets": (b"[" * 1_000_000, "the array does not end"),
    "a million objects": (b'{\n"a":' * 1_000_000, "the event does not end"),
    "five million quotes": (b'["' + b'"' * 5_000_001, "the array does not end"),
    "five million backslashes": (b'["' + b"\\" * 5_000_000, "the array does not end"),
    "zeros in gzip": (gzip.compress(bytes(100_000_000)), "opens to more than 500 times its size"),
    "blank lines in gzip": (gzip.compress(b"\n" * 100_000_000), "opens to more than 500 times its size"),
    "zeros in zstd": (zstandard.compress(bytes(500_000_000), 3), "opens to more than 500 times its size"),
    "zeros": (bytes(300_000_000), "no event ends here"),
    "blank lines": (b"\n" * 30_000_000, "empty: give a file with one event a line"),
    "a million wrong lines": (b"7\n" * 1_000_000, "too much is wrong: the rest of the file was not read"),
    "a million wrong elements": (b"[" + b"7," * 1_000_000 + b"7]", "too much is wrong"),
}


@pytest.fixture(autouse=True)
def _soon():
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("name", JUDGED)
def test_what_is_no_error_is_judged(tmp_path, name):
    path = tmp_path / "hostile.ndjson"
    path.write_bytes(JUDGED[name])
    code, said = check(path, "--format", "json")
    assert json.loads(said)["errors"] == []
    assert json.loads(said)["events"] == 2
    assert code in (0, 1)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_one_is_named_with_its_line_and_field_and_costs_no_other(tmp_path, name):
    content, field, says = REFUSED[name]
    path = tmp_path / "hostile.ndjson"
    path.write_bytes(content)
    code, said = check(path, "--format", "json")
    found = json.loads(said)
    assert code == 2
    assert [(one["file"], one["line"], one["field"]) for one in found["errors"]] == [(str(path), 3, field)]
    assert says in found["errors"][0]["error"]
    assert len(found["errors"][0]["error"]) < 500
    assert found["events"] == 1


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_hostile_as_a_whole_ends_in_one_sentence(tmp_path, name):
    content, says = WHOLE[name]
    path = tmp_path / "hostile"
    path.write_bytes(content)
    code, said = check(path)
    assert code == 2
    assert said.splitlines()[-2].startswith(str(path))
    assert says in said.splitlines()[-2]
