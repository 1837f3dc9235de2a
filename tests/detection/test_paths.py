"""Paths: written as anomalies write them, found as RFC 9535 says."""

from __future__ import annotations

from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detection.paths import PathError, compile_path, covers, render

CONTEXT: dict[str, Any] = {
    "cart": {"items": [{"sku": "b"}, {"sku": "a"}], "code": None},
    "a.b": 1,
    "it's": {"x": 2},
    "z": {"b": 1, "a": [0]},
}


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ((), "$"),
        (("cart", "items", 0, "sku"), "$.cart.items[0].sku"),
        (("a.b",), "$['a.b']"),
        (("it's",), "$['it\\'s']"),
        (("_x", "ümlaut", "1st"), "$._x.ümlaut['1st']"),
        (("",), "$['']"),
        (("a\\b\n\x01",), "$['a\\\\b\\n\\u0001']"),
        (("[0]", 0), "$['[0]'][0]"),
        (("\ud800",), "$['\\ud800']"),
        (("😀",), "$.😀"),
        (("x\n",), "$['x\\n']"),
    ],
)
def test_a_place_is_written_as_a_normalized_path(location: tuple[str | int, ...], text: str) -> None:
    assert render(location) == text
    text.encode()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(0, 3), max_size=4))
def test_a_written_path_leads_back_to_its_place(location: list[str | int]) -> None:
    value: Any = "here"
    for part in reversed(location):
        value = [None] * part + [value] if isinstance(part, int) else {part: value}
    assert compile_path(render(location)).find(value) == [(tuple(location), "here")]


@pytest.mark.parametrize(
    "path",
    ["$", "$.cart.items[0].sku", "$.cart.items[-1]", "$.cart.items[*].sku", "$.z[*]", "$['a.b']", "$.no.such",
     "$.cart.items[7]", "$.cart[0]", "$.z.*", "$..sku", "$.cart.items[0:1]", "$.cart.items[?@.sku=='a']",
     "$['z','cart']", "$.cart.items[0,0]"],
)  # fmt: skip
def test_every_path_finds_what_the_library_finds_in_document_order(path: str) -> None:
    found = compile_path(path).find(CONTEXT)
    nodes = {tuple(node.location): node.value for node in jsonpath_rfc9535.find(path, CONTEXT)}
    assert dict(found) == nodes
    assert [place for place, _ in found] == sorted(nodes)


@pytest.mark.parametrize(
    "path", ["$.顧客.名前", "$..名前", "$[?@.名前=='.顧']", "$['顧客'].名前", "$.顧客['名前']"]
)
def test_names_of_every_script_may_follow_a_dot(path: str) -> None:
    context = {"顧客": {"名前": ".顧"}}
    assert [value for _, value in compile_path(path).find(context)][-1] in (".顧", {"名前": ".顧"})
    assert compile_path("$.顧客.名前").prefix == ("顧客", "名前")


@pytest.mark.parametrize("path", ["", "x", "$.", "$[", "$.a b", "$['a]", "$[?]", "$.a[1", "a.$"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        compile_path(path)


def test_a_path_covers_everything_below_it() -> None:
    assert covers(("a",), ("a", "b", 0))
    assert covers((), ("a",))
    assert covers(("a",), ("a",))
    assert not covers(("a", "b"), ("a",))
    assert compile_path("$.a.b").prefix == ("a", "b")
    assert compile_path("$.a[0]").prefix is None
    assert compile_path("$.a[*]").prefix is None
    assert compile_path("$..a").prefix is None
