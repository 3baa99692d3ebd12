from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenetlang.cli.selection import SelectionError, selection


@pytest.mark.parametrize(
    ("expression", "name", "wanted"),
    [
        ("refund", "a small Refund", True),
        ("refund", "a payment", False),
        ("not refund", "a payment", True),
        ("not not refund", "a payment", False),
        ("small and refund", "a small refund", True),
        ("small and refund", "a large refund", False),
        ("small or large", "a large refund", True),
        ("large or small and payment", "a large refund", True),
        ("(large or small) and payment", "a large refund", False),
        ("not large and refund", "a small refund", True),
        ("not (large and refund)", "a large refund", False),
        ('"twenty dollars" and alone', "support refunds twenty dollars alone", True),
        ("'and'", "this and that", True),
        ('"and"', "this", False),
        ("ORDER", "an order", True),
        ("and2", "and2", True),
        ("a-b.c", "x a-b.c y", True),
    ],
)
def test_a_name_is_wanted_where_its_words_fit(expression: str, name: str, wanted: bool) -> None:
    assert selection(expression)(name) is wanted


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "a word is missing at the end"),
        ("  ", "a word is missing at the end"),
        ("a and", "a word is missing at the end"),
        ("or a", "a word is missing before `or`"),
        ("a b", "`b` was not expected there"),
        ("(a", "a `)` is missing"),
        ("a)", "`)` was not expected there"),
        ("()", "a word is missing before `)`"),
        ('"a', "a quote is not closed"),
        ("(" * 500 + "a" + ")" * 500, "it is nested too deeply"),
        ("not " * 5000 + "a", "it is nested too deeply"),
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_with_the_reason(expression: str, problem: str) -> None:
    with pytest.raises(SelectionError) as caught:
        selection(expression)
    assert str(caught.value) == problem


@given(st.text(alphabet="ab()\"' andort", max_size=30), st.text(alphabet="ab andort", max_size=20))
def test_any_text_is_an_expression_or_refused(expression: str, name: str) -> None:
    try:
        wanted = selection(expression)
    except SelectionError:
        return
    assert wanted(name) in {True, False}
