"""The query box's language: taken apart, or told what is wrong and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.queries.terms import Term, parse


def test_terms_and_words_are_told_apart() -> None:
    query = parse('  is:open -workflow:"price basket" CART "two words" ')
    assert query.terms == (Term("is", "open"), Term("workflow", "price basket", negative=True))
    assert query.words == ("CART", "two words")
    assert (query.any_of("is"), query.none_of("workflow")) == (("open",), ("price basket",))


def test_active_means_open_or_acknowledged() -> None:
    assert parse("is:active").any_of("is") == ("open", "acknowledged")
    assert parse("IS:open").any_of("is") == ("open",)


@pytest.mark.parametrize(
    ("text", "at", "wrong"),
    [
        ("cart is:broken", 5, "is:broken"),
        ("cart  colour:red x", 6, "colour:red x"),
        ('is:open "never', 8, '"never'),
        ("severity:", 0, "severity:"),
        ("severity: high", 0, "severity: high"),
        ('rule:""', 0, 'rule:""'),
        ("-is:", 0, "-is:"),
    ],
)
def test_an_error_says_where_it_is(text: str, at: int, wrong: str) -> None:
    query = parse(text)
    assert query.error
    assert (query.at, query.wrong, query.before + query.wrong) == (at, wrong, text)
    assert query.terms == ()


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    query = parse(text)
    assert query.error or query.terms or query.words or not text.strip()
