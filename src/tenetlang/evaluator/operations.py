"""The operators of the language on values, by the names that the checker gives them.

Each raises `ValueFault` with `overflow` or `division_by_zero` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tenetlang.values import numbers, times
from tenetlang.values.faults import overflow

MAXIMUM_STRING = 256 * 1024
"""Code points of a string that an operator makes."""

MAXIMUM_ITEMS = 50_000
"""Elements of a list that an operator makes."""


def concatenate_strings(left: str, right: str) -> str:
    """The one after the other; `overflow` beyond `MAXIMUM_STRING` code points."""
    if len(left) + len(right) > MAXIMUM_STRING:
        raise overflow(f"a string of more than {MAXIMUM_STRING} characters")
    return str(left) + str(right)


def concatenate_lists(left: tuple[object, ...], right: tuple[object, ...]) -> tuple[object, ...]:
    """The one after the other; `overflow` beyond `MAXIMUM_ITEMS` elements."""
    if len(left) + len(right) > MAXIMUM_ITEMS:
        raise overflow(f"a list of more than {MAXIMUM_ITEMS} elements")
    return left + right


Operation: TypeAlias = Callable[..., object]  # type: ignore[explicit-any]  # each takes values of its own types

OPERATIONS: Mapping[str, Operation] = {
    "int.add": numbers.int_add,
    "int.subtract": numbers.int_subtract,
    "int.multiply": numbers.int_multiply,
    "int.remainder": numbers.modulo,
    "int.negate": numbers.int_negate,
    "decimal.add": numbers.add,
    "decimal.subtract": numbers.subtract,
    "decimal.multiply": numbers.multiply,
    "decimal.divide": numbers.divide,
    "decimal.negate": numbers.negate,
    "time.add": times.time_plus,
    "time.subtract": times.time_minus,
    "time.since": times.time_difference,
    "duration.add": times.duration_plus,
    "duration.subtract": times.duration_minus,
    "duration.multiply": times.duration_times,
    "duration.negate": times.duration_negate,
    "string.concatenate": concatenate_strings,
    "list.concatenate": concatenate_lists,
    "set.union": lambda left, right: left | right,
    "set.intersection": lambda left, right: left & right,
    "set.difference": lambda left, right: left - right,
}
