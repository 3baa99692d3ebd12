"""The operators of the language on values, and which expressions take time by the size of what they are used on."""

from __future__ import annotations

from collections.abc import Callable

from tenetlang.targets.standalone.faults import overflow
from tenetlang.targets.standalone.numbers import (
    decimal_add,
    decimal_divide,
    decimal_multiply,
    decimal_negate,
    decimal_subtract,
    integer_add,
    integer_multiply,
    integer_negate,
    integer_remainder,
    integer_subtract,
)
from tenetlang.targets.standalone.times import (
    duration_minus,
    duration_negate,
    duration_plus,
    duration_times,
    time_difference,
    time_minus,
    time_plus,
)
from tenetlang.targets.standalone.values import sort_key

MAXIMUM_STRING = 256 * 1024
MAXIMUM_ITEMS = 50_000


def check_string(length: int) -> None:
    """Faults with `overflow` if a string of that many code points is too long."""
    if length > MAXIMUM_STRING:
        raise overflow(f"a string of more than {MAXIMUM_STRING} characters")


def check_items(count: int) -> None:
    """Faults with `overflow` if a collection of that many members is too large."""
    if count > MAXIMUM_ITEMS:
        raise overflow(f"a collection of more than {MAXIMUM_ITEMS} members")


def concatenate_strings(left: str, right: str) -> str:
    """The one after the other."""
    check_string(len(left) + len(right))
    return left + right


def concatenate_lists(left: tuple, right: tuple) -> tuple:
    """The one after the other."""
    check_items(len(left) + len(right))
    return left + right


OPERATIONS: dict[str, Callable] = {
    "int.add": integer_add,
    "int.subtract": integer_subtract,
    "int.multiply": integer_multiply,
    "int.remainder": integer_remainder,
    "int.negate": integer_negate,
    "decimal.add": decimal_add,
    "decimal.subtract": decimal_subtract,
    "decimal.multiply": decimal_multiply,
    "decimal.divide": decimal_divide,
    "decimal.negate": decimal_negate,
    "time.add": time_plus,
    "time.subtract": time_minus,
    "time.since": time_difference,
    "duration.add": duration_plus,
    "duration.subtract": duration_minus,
    "duration.multiply": duration_times,
    "duration.negate": duration_negate,
    "string.concatenate": concatenate_strings,
    "list.concatenate": concatenate_lists,
    "set.union": lambda left, right: left | right,
    "set.intersection": lambda left, right: left & right,
    "set.difference": lambda left, right: left - right,
}

COMPARISONS: dict[str, Callable] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: sort_key(left) < sort_key(right),
    "<=": lambda left, right: not sort_key(right) < sort_key(left),
    ">": lambda left, right: sort_key(right) < sort_key(left),
    ">=": lambda left, right: not sort_key(left) < sort_key(right),
}

_AT_ONCE = {"count", "first", "last"}
_LONG = {"string", "url", "path", "json", "arguments"}
_WITH_PARTS = {"ListType", "SetType", "MapType", "RecordType"}


def is_large(type_: dict) -> bool:
    """Whether values of the type may be as large as a request."""
    if type_["is"] == "OptionalType":
        return is_large(type_["of"])
    return type_["name"] in _LONG if type_["is"] == "Scalar" else type_["is"] in _WITH_PARTS


def goes_through(expression: dict, types: list) -> bool:
    """Whether the time that the expression itself takes depends on the size of what it is used on."""

    def large(operand: dict) -> bool:
        return is_large(types[operand["type"]])

    kind = expression["is"]
    if kind == "Builtin":
        return expression["name"] not in _AT_ONCE and (large(expression) or any(map(large, expression["arguments"])))
    if kind == "Operate":
        return any(map(large, expression["operands"]))
    if kind == "Contains":
        return types[expression["collection"]["type"]]["is"] == "ListType"
    if kind == "Compare":
        left, right = expression["left"], expression["right"]
        text = types[left["type"]]["is"] == "Scalar" and types[left["type"]]["name"] == "string"
        return not text and (large(left) or large(right))
    return large(expression["of"]) if kind == "Matches" else True
