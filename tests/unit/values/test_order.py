from __future__ import annotations

import random
from decimal import Decimal

import pytest

from tenetlang.values.collections import JSON_FALSE, JSON_TRUE, NULL, Map, Record
from tenetlang.values.network import parse_cidr, parse_host, parse_ip
from tenetlang.values.order import sort_key, sorted_items, sorted_values
from tenetlang.values.times import parse_duration, parse_time
from tenetlang.values.versions import parse_semver

ASCENDING: dict[str, list[object]] = {
    "numbers by value": [-10, Decimal("-9.5"), 0, Decimal("0.5"), 9, 10, Decimal("10.1")],
    "strings by code point": ["", "A", "B", "a", "aa", "b", "\u00e9", "\uffff", "\U00010000"],
    "lists element by element": [(), (1,), (1, 2), (1, 10), (2,)],
    "records by field": [Record({}), Record({"a": 1}), Record({"a": 1, "b": 0}), Record({"a": 2}), Record({"b": 0})],
    "json by kind": [NULL, JSON_FALSE, JSON_TRUE, -1, Decimal("1.5"), "", "x", (), (NULL,), Map({}), Map({"a": 1})],
    "truth values": [False, True],
    "addresses": [parse_ip(text) for text in ("2.0.0.1", "10.0.0.1", "::", "::1")],
    "blocks": [parse_cidr(text) for text in ("10.0.0.0/8", "10.0.0.0/9", "10.1.0.0/16", "::/0")],
    "versions": [parse_semver(text) for text in ("1.0.0-rc.2", "1.0.0-rc.10", "1.0.0")],
    "times": [parse_time(f"20{year}-01-01T00:00:00Z") for year in (10, 11, 12)],
    "durations": [parse_duration(text) for text in ("-2h", "-1h", "59s", "1m", "1d")],
    "hosts": [parse_host(text) for text in ("a.b", "a.b.c", "b")],
    "sets as sorted lists": [frozenset(), frozenset({1}), frozenset({10, 1}), frozenset({1, 10, 11}), frozenset({2})],
}


@pytest.mark.parametrize("kind", ASCENDING)
def test_values_are_in_canonical_order(kind: str) -> None:
    expected = ASCENDING[kind]
    shuffled = expected.copy()
    for seed in range(10):
        random.Random(seed).shuffle(shuffled)
        assert sorted_values(shuffled) == expected
        assert sorted(shuffled, key=sort_key) == expected


@pytest.mark.parametrize("kind", ASCENDING)
def test_order_and_equality_agree(kind: str) -> None:
    values = ASCENDING[kind]
    for i, left in enumerate(values):
        for j, right in enumerate(values):
            assert (sort_key(left) < sort_key(right)) == (i < j)
            assert (left == right) == (i == j)


def test_sets_come_out_alike_whatever_went_in_first() -> None:
    assert sorted_values(frozenset(["b", "a", "c"])) == ["a", "b", "c"]
    assert sorted_values([]) == []
    assert sorted_values(iter([2, 1])) == [1, 2]
    assert sorted_items({"b": 1, "a": 2}) == [("a", 2), ("b", 1)]


def test_what_is_no_value_has_no_place() -> None:
    for foreign in (object(), 1.5, None, b"x", [1]):
        with pytest.raises(TypeError):
            sort_key(foreign)
