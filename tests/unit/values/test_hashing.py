"""Sets of values that were chosen to have one hash."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tenetlang.values.collections import Record
from tenetlang.values.faults import ValueFault
from tenetlang.values.hashing import MOST_OF_A_HASH, are_chosen, set_of
from tests.sources import lists_with_one_hash


def test_many_of_one_hash_are_refused() -> None:
    chosen = [tuple(item) for item in lists_with_one_hash(MOST_OF_A_HASH + 1)]
    assert len(set(map(hash, chosen))) == 1
    assert not are_chosen(chosen[:-1])
    assert are_chosen(chosen)
    with pytest.raises(ValueFault, match="too_much_work"):
        set_of(chosen)


def test_one_value_many_times_is_one() -> None:
    assert set_of([(1, 2)] * 20_000) == {(1, 2)}


def test_many_copies_of_one_value_hide_nothing() -> None:
    chosen = [tuple(item) for item in lists_with_one_hash(MOST_OF_A_HASH + 1)]
    assert are_chosen([*[(1, 2)] * 20_000, *chosen])


def test_what_nobody_has_chosen_is_a_set() -> None:
    for members in (range(-20_000, 20_000), map(Decimal, range(20_000)), ((n, -n) for n in range(20_000))):
        assert len(set_of(members)) >= 20_000
    assert len(set_of(Record({"n": n}) for n in range(5_000))) == 5_000


def test_it_is_seen_soon() -> None:
    chosen = [tuple(item) for item in lists_with_one_hash(16_000)]
    before = time.process_time()
    assert are_chosen(chosen)
    assert time.process_time() - before < 1
