"""The nearest name."""

from __future__ import annotations

import time

import pytest

from tenetlang.report.nearest import distance, nearest


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [
        ("", "", 0),
        ("amount", "amount", 0),
        ("amout", "amount", 1),
        ("amoutn", "amount", 1),
        ("xmount", "amount", 1),
        ("amount", "amount_", 1),
        ("mamount", "amount", 1),
        ("ab", "ba", 1),
        ("ca", "abc", 3),
        ("kitten", "sitting", 3),
    ],
)
def test_the_distance_counts_insertions_deletions_substitutions_and_swaps(left: str, right: str, edits: int) -> None:
    assert distance(left, right, 5) == edits
    assert distance(right, left, 5) == edits
    assert distance(left, right, edits) == edits
    if edits:
        assert distance(left, right, edits - 1) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("amuont", "amount"),
        ("Amount", "amount"),
        ("auto-limit", "auto_limit"),
        ("autolimit", "auto_limit"),
        ("curency", "currency"),
        ("amount", None),
        ("colour", None),
        ("x", None),
        ("", None),
        ("a" * 65, None),
    ],
)
def test_a_name_is_near_if_few_of_its_characters_differ(name: str, found: str | None) -> None:
    assert nearest(name, ["currency", "auto_limit", "amount", "a" * 66]) == found


def test_of_equally_near_names_the_first_by_code_point_is_taken_whatever_their_order() -> None:
    assert nearest("roles", ["rules", "holes", "poles"]) == "holes"
    assert nearest("roles", ["poles", "rules", "holes"]) == "holes"


def test_long_names_and_long_lists_cost_little() -> None:
    names = [f"{'x' * 56}{index:08}" for index in range(100_000)]
    start = time.process_time()
    nearest("y" * 64, names)
    nearest("x" * 1_000_000, names)
    assert time.process_time() - start < 5
