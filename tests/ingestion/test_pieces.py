"""A stream of JSON text is cut into its events, wherever the stream itself happens to be cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.formats.canonical import MAX_EVENT_BYTES
from monitor.management.check.pieces import ENDLESS_BYTES, NoEvents, pieces

awkward = st.text(st.sampled_from('ab"\\[]{},:\n\té€😀'), max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | awkward,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(awkward, inner, max_size=4),
    max_leaves=12,
)
events = st.lists(st.dictionaries(awkward, values, max_size=4), min_size=1, max_size=5)


def cut(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def numbered(found: list[Any], text: str) -> list[tuple[int, Any]]:
    """Each event, and the line of its beginning as one finds it by parsing."""
    decoder, at, result = json.JSONDecoder(), 0, []
    for event in found:
        at = text.index("{", at)
        assert decoder.raw_decode(text, at)[0] == event
        result.append((text.count("\n", 0, at) + 1, event))
        at = decoder.raw_decode(text, at)[1]
    return result


@given(events, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_arrays(found, size, indent, ascii_only):
    text = "\n " + json.dumps(found, indent=indent, ensure_ascii=ascii_only) + "\n"
    read = [(one.line, json.loads(one.raw)) for one in pieces(cut(text.encode(), size))]
    assert read == numbered(found, text)


@given(events, st.integers(1, 40), st.booleans())
def test_lines(found, size, ascii_only):
    text = "\n\n".join(json.dumps(one, ensure_ascii=ascii_only) for one in found)
    read = [(one.line, json.loads(one.raw)) for one in pieces(cut(text.encode(), size))]
    assert read == [(2 * index + 1, one) for index, one in enumerate(found)]


@given(events.filter(lambda found: bool(found[0])), st.integers(1, 40))
def test_objects_over_many_lines(found, size):
    text = "\n".join(json.dumps(one, indent=1) for one in found)
    read = [(one.line, json.loads(one.raw)) for one in pieces(cut(text.encode(), size))]
    assert read == numbered(found, text)


@given(st.binary(max_size=60), st.integers(1, 20))
def test_any_bytes_end_in_pieces_or_in_one_complaint_however_they_are_cut(text, size):
    assert outcome(text, size) == outcome(text, 1000)


@given(st.text(st.sampled_from('[{]}",\\\n a1'), max_size=40), st.integers(1, 5))
def test_so_do_the_signs_of_json(text, size):
    assert outcome(text.encode(), size) == outcome(text.encode(), 1000)


def outcome(text: bytes, size: int) -> list[Any]:
    found: list[Any] = []
    try:
        found.extend(pieces(cut(text, size)))
    except NoEvents as error:
        found.append((error.line, error.problem))
    return found


@pytest.mark.parametrize(
    ("before", "between", "after"), [(b"[", b",", b"]"), (b"", b"\n", b"\n"), (b"{\n}\n", b"", b"")]
)
def test_an_event_past_the_limit_is_measured_and_dropped(before, between, after):
    large = b'{"a": "' + b"x" * MAX_EVENT_BYTES + b'"}'
    text = before + b'{"b": 1}' + between + large + between + b'{"c": 1}' + after
    found = [one for one in pieces(cut(text, 65536)) if one.raw != b"{\n}"]
    assert [one.raw for one in found] == [b'{"b": 1}', b"", b'{"c": 1}']
    assert found[1].size == len(large)


@pytest.mark.parametrize("start", [b"", b"[", b'{\n"'])
def test_what_never_ends_is_given_up(start):
    blocks = ENDLESS_BYTES // 65536 + 2
    with pytest.raises(NoEvents, match="no event ends here"):
        list(pieces([start, *([b"x" * 65536] * blocks)]))
