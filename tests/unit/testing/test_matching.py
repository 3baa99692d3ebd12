"""Strings made up for a `@pattern`."""

from __future__ import annotations

from random import Random

import pytest

from tenetlang.testing.matching import MOST_MORE, matching
from tenetlang.values.patterns import compile_regex

PATTERNS = [
    "",
    "abc",
    "a|bc|[0-9]",
    "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "[A-Za-z0-9][A-Za-z0-9 .,&'()/+-]{0,69}",
    "[^a]+",
    "(?i)straße",
    r"\p{Han}{2,}",
    ".*",
    r"(\d+\.){3}\d+",
    r"[^ -~]",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_made_up_matches_the_pattern(pattern: str) -> None:
    compiled = compile_regex(pattern)
    choose = Random(0)
    made = [matching(compiled.syntax, choose) for _ in range(200)]
    assert [text for text in made if not compiled.matches(text)] == []


def test_repetitions_vary_and_stay_short() -> None:
    choose = Random(0)
    lengths = {len(matching(compile_regex("a{2,}").syntax, choose)) for _ in range(200)}
    assert lengths == set(range(2, 2 + MOST_MORE + 1))


def test_equal_seeds_give_equal_strings() -> None:
    syntax = compile_regex("[a-z]{5,9}").syntax
    first, second = Random(7), Random(7)
    assert [matching(syntax, first) for _ in range(9)] == [matching(syntax, second) for _ in range(9)]
