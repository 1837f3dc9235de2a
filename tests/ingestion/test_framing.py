"""Bodies: how events are told apart, and how compressed ones are opened."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.formats.encodings import Broken, TooLarge, UnknownEncoding, read_body
from ingestion.formats.framing import Unreadable, numbered_lines, split_events

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', "\\", "],[", "}{", "\\\\"]
)
values = st.recursive(
    texts | st.integers() | st.none(),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(texts, one, max_size=3),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(values, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_an_array_comes_apart_into_its_elements_though_one_be_broken(items, indent, ascii_only):
    text = json.dumps(items, indent=indent, ensure_ascii=ascii_only).encode()
    assert [json.loads(raw) for raw in split_events(text, "json")] == items
    broken = text.removesuffix(b"]") + (b"," if items else b"") + b"NaN]"
    assert [json.loads(raw) for raw in split_events(broken, "json")[:-1]] == items


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"7", "neither"),
        (b'"a"', "neither"),
        (b'{"a"', "no JSON"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
        (b"{} {}", "no JSON"),
        (b'[{"a": 1}', "cut off"),
        (b'["a', "cut off"),
        (b"[NaN] [1]", "after the end"),
    ],
)
def test_a_body_that_cannot_be_told_apart(body, said):
    with pytest.raises(Unreadable, match=said):
        split_events(body, "json")


def test_a_byte_order_mark_and_blank_lines_do_not_count():
    assert split_events(b'\xef\xbb\xbf [{"a":1}]\n', "json") == [b'{"a":1}']
    assert split_events(b"\xef\xbb\xbf{}\n\r\n \n{}", "ndjson") == [b"{}", b"{}"]
    assert numbered_lines(b"\n{}\r\n\n7") == [(2, b"{}"), (4, b"7")]


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("encoding", "press"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("zstd", zstandard.compress)]
)
def test_opened_whatever_the_pieces(encoding, press, size):
    plain = bytes(range(256)) * 50
    body = press(plain[:5000]) + press(plain[5000:])
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert read_body(pieces, encoding=encoding, max_bytes=len(plain)) == plain
    with pytest.raises(TooLarge):
        read_body(pieces, encoding=encoding, max_bytes=len(plain) - 1)
    with pytest.raises(Broken, match="too early"):
        read_body([body[:-1]], encoding=encoding, max_bytes=len(plain))


def test_a_window_larger_than_we_hold_is_refused():
    huge = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    ).compressobj()
    body = huge.compress(b"x" * 100) + huge.flush()
    with pytest.raises(Broken):
        read_body([body], encoding="zstd", max_bytes=10**9)


def test_what_is_no_encoding_of_ours():
    with pytest.raises(UnknownEncoding):
        read_body([zlib.compress(b"x")], encoding="deflate", max_bytes=100)
    with pytest.raises(Broken):
        read_body([b"plain"], encoding="gzip", max_bytes=100)
    assert read_body([b"pl", b"ain"], encoding="", max_bytes=5) == b"plain"
    assert read_body([], encoding="gzip", max_bytes=5) == b""
