from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable
from decimal import Decimal

import pytest

from tenetlang.values.collections import (
    JSON_FALSE,
    JSON_TRUE,
    NULL,
    Map,
    Record,
    concatenated,
    from_json_value,
    to_json_value,
)
from tenetlang.values.faults import ValueFault
from tenetlang.values.times import Time


def test_records_and_maps_hash_and_compare_by_value_whatever_the_order_of_keys() -> None:
    assert Record({"a": 1, "b": (2,)}) == Record({"b": (2,), "a": Decimal("1.0")})
    assert hash(Record({"a": 1, "b": (2,)})) == hash(Record({"b": (2,), "a": Decimal("1.0")}))
    assert Record({"a": 1}) != Record({"a": 1, "b": 2})
    assert len(frozenset({Map({"a": Map({})}), Map({"a": Map({})})})) == 1


@pytest.mark.parametrize("kind", [Record, Map])
def test_records_and_maps_do_not_change(kind: type[Record | Map]) -> None:
    value = kind({"a": 1})
    changes: list[Callable[[], object]] = [
        functools.partial(value.__setitem__, "a", 2),
        functools.partial(value.__delitem__, "a"),
        functools.partial(value.__ior__, {"b": 1}),
        functools.partial(value.update, {"b": 1}),
        functools.partial(value.setdefault, "b", 1),
        functools.partial(value.pop, "a"),
        value.popitem,
        value.clear,
    ]
    for change in changes:
        with pytest.raises(TypeError):
            change()
    assert value == {"a": 1}


def test_records_and_maps_survive_copying() -> None:
    value = Map({"a": Record({"b": (1, NULL, JSON_TRUE)})})
    for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert type(same) is Map
        assert same == value


def test_true_is_not_one_in_json() -> None:
    mixed = to_json_value([True, 1, 1.0, False, 0, None, "", [], {}])
    assert isinstance(mixed, tuple)
    assert len(frozenset(mixed)) == 8
    assert mixed[0] is JSON_TRUE
    assert mixed[0] != mixed[1]
    assert mixed[1] == mixed[2]
    assert mixed[5] is NULL
    assert bool(JSON_TRUE)
    assert not JSON_FALSE
    assert not NULL


def test_json_goes_there_and_back() -> None:
    document = {"a": [1, Decimal("1.5"), "x", None, True, False, {"b": []}]}
    assert from_json_value(to_json_value(document)) == document
    assert to_json_value(from_json_value(to_json_value(document))) == to_json_value(document)
    assert to_json_value(to_json_value(document)) == to_json_value(document)


@pytest.mark.parametrize(
    "document",
    [
        2**63,
        float("nan"),
        Decimal("1e-13"),
        Decimal("NaN"),
        "\ud800",
        {"\ud800": 1},
        {1: 1},
        {None: 1},
        object(),
        b"x",
        Time(0),
        {1, 2},
    ],
)
def test_what_json_cannot_hold_is_no_json_value(document: object) -> None:
    with pytest.raises(ValueFault) as fault:
        to_json_value([document])
    assert fault.value.code in {"bad_input", "overflow"}


def test_nesting_has_an_end() -> None:
    deep: object = []
    for _ in range(31):
        deep = [deep]
    to_json_value(deep)
    with pytest.raises(ValueFault):
        to_json_value([deep])
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(ValueFault):
        to_json_value(cycle)


def test_strings_and_lists_are_concatenated() -> None:
    assert concatenated("a", "b") == "ab"
    assert concatenated((1,), (2,)) == (1, 2)
    with pytest.raises(TypeError):
        concatenated("a", (1,))
