"""The functions that need no import: collections, numbers, and conversions between types.

The checker gives each its type (`sort` of a `set[T]` is a `list[T]`), so what arrives fits. Where an order matters, it is the
canonical one, so no result depends on how Python happened to keep a set.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain
from typing import Final, TypeAlias

from tenetlang.evaluator.builtin_limits import Function, check_items
from tenetlang.values import numbers
from tenetlang.values.collections import Map
from tenetlang.values.faults import ValueFault, bad_input, shown
from tenetlang.values.hashing import set_of
from tenetlang.values.order import sort_key, sorted_items, sorted_values
from tenetlang.values.render import text as rendered
from tenetlang.values.times import Duration, make_duration

Members: TypeAlias = tuple[object, ...] | frozenset[object]
Number: TypeAlias = int | Decimal

# All the digits that 50,000 decimals of 64 places and 64 whole digits can have together.
_WIDE: Final = decimal.Context(prec=256, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[decimal.Inexact])


def count(collection: Members | Map | str) -> int:
    """How many members a list or set has, entries a map, code points a string."""
    return len(collection)


def sum_of(members: Iterable[Number]) -> Number:
    """The sum, 0 of nothing; exact, and `overflow` where the whole of it does not fit, whatever the order.

    Of decimals a decimal, of durations a duration. An empty collection does not know what it is of; `sum_of_decimals` and
    `sum_of_durations` are for those who do.
    """
    whole = 0
    fraction: Decimal | None = None
    are_durations = False
    for number in members:
        if isinstance(number, Decimal):
            fraction = _WIDE.add(number, 0 if fraction is None else fraction)
        else:
            whole += int(number)
            are_durations = isinstance(number, Duration)
    if fraction is None:
        return make_duration(whole) if are_durations else numbers.int_result(whole)
    # Zeros at the end would make the sum look longer than it is.
    return numbers.add(_WIDE.normalize(_WIDE.add(fraction, whole)), 0)


def sum_of_decimals(members: Iterable[Decimal]) -> Decimal:
    """As `sum_of`, for a list or set of decimals, which may be empty."""
    return Decimal(sum_of(members))


def sum_of_durations(members: Iterable[Duration]) -> Duration:
    """As `sum_of`, for a list or set of durations, which may be empty."""
    return make_duration(sum(map(int, members)))


def minimum(members: Members) -> object:
    """The first in canonical order, nothing (`None`) of nothing."""
    return min(members, key=sort_key) if members else None


def maximum(members: Members) -> object:
    """The last in canonical order, nothing (`None`) of nothing."""
    return max(members, key=sort_key) if members else None


def any_true(members: Members) -> bool:
    """Whether one of the members is true."""
    return True in members


def all_true(members: Members) -> bool:
    """Whether none of the members is false."""
    return False not in members


def keys(mapping: Map) -> frozenset[str]:
    """The keys of a map."""
    return frozenset(mapping)


def values(mapping: Map) -> tuple[object, ...]:
    """The values of a map, in the order of their keys."""
    return tuple(value for _, value in sorted_items(mapping))


def sort(members: Members) -> tuple[object, ...]:
    """The members in canonical order."""
    return tuple(sorted_values(members))


def first(members: tuple[object, ...]) -> object:
    """The first of a list, nothing (`None`) of an empty one."""
    return members[0] if members else None


def last(members: tuple[object, ...]) -> object:
    """The last of a list, nothing (`None`) of an empty one."""
    return members[-1] if members else None


def reverse(members: tuple[object, ...]) -> tuple[object, ...]:
    """A list from the last member to the first."""
    return members[::-1]


def distinct(members: Members) -> tuple[object, ...]:
    """The members of a list, each at its first place only; of a set, all of them in canonical order. Faults as `to_set`."""
    if isinstance(members, frozenset):
        return sort(members)
    set_of(members)
    return tuple(dict.fromkeys(members))


def flatten(nested: tuple[Members, ...] | frozenset[Members]) -> Members:
    """The members of the members, one level down: of a list of lists or sets a list, of a set of sets a set. Faults as `to_set`."""
    check_items(sum(map(len, nested)))
    if isinstance(nested, frozenset):
        return set_of(chain.from_iterable(nested))
    return tuple(member for inner in nested for member in (inner if isinstance(inner, tuple) else sort(inner)))


def contains(whole: Members | str, part: object) -> bool:
    """Whether a string has that part, or a list or set that member."""
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    return part in whole


def absolute(number: Number) -> Number:
    """The number, or the duration, without its sign."""
    if isinstance(number, Decimal):
        return numbers.absolute(number)
    if isinstance(number, Duration):
        return make_duration(abs(int(number)))
    return numbers.int_result(abs(number))


def to_string(value: object) -> str:
    """The value as templates show it: strings as they are, the others in their one spelling."""
    return str(rendered(value))


def rounded(number: Number, places: int, how: str = "half_even") -> Decimal:
    """The number rounded to so many places after the point, ties to the even digit unless it says otherwise."""
    return numbers.rounded(number, places, how)


def to_int(value: str | Number) -> int:
    """A number that is whole, or the text of one in the spelling of JSON; `bad_input` otherwise."""
    if isinstance(value, str):
        return numbers.parse_int(value)
    if isinstance(value, Decimal):
        whole = int(value)
        if whole != value:
            raise bad_input(f"{numbers.decimal_text(value)} is not a whole number")
        return numbers.int_result(whole)
    return value


def to_decimal(value: str | Number) -> Decimal:
    """The decimal that equals an `int`, or the one that a text spells as JSON does; `bad_input` otherwise."""
    return numbers.parse_decimal(value) if isinstance(value, str) else numbers.to_decimal(value)


def to_set(members: Members) -> frozenset[object]:
    """The members, each once; `too_much_work` where many were chosen to have one hash."""
    return members if isinstance(members, frozenset) else set_of(members)


def to_list(members: Members) -> tuple[object, ...]:
    """The members of a set in canonical order; a list is itself."""
    return members if isinstance(members, tuple) else sort(members)


# std.numbers


def floor(number: Decimal) -> Decimal:
    """The greatest whole number not above. Without its places, a number has room for the digit that rounding may add."""
    return numbers.rounded(number, 0, "floor")


def ceil(number: Decimal) -> Decimal:
    """The least whole number not below."""
    return numbers.rounded(number, 0, "ceiling")


def truncate(number: Decimal) -> Decimal:
    """The number without its places."""
    return numbers.rounded(number, 0, "down")


def between(start: int, end: int) -> tuple[int, ...]:
    """The whole numbers from `start` to `end`, both included, upwards or downwards."""
    return stepped(start, end, 1)


def stepped(start: int, end: int, step: int) -> tuple[int, ...]:
    """Every `step`-th whole number from `start` towards `end`, which may be the last; `bad_input` unless `step` > 0."""
    if step <= 0:
        raise bad_input("a step must be a positive number")
    check_items(abs(end - start) // step + 1)
    return tuple(range(start, end + 1, step)) if start <= end else tuple(range(start, end - 1, -step))


def power(number: Decimal, exponent: int) -> Decimal:
    """The number multiplied by itself so many times, exactly; `bad_input` unless `exponent` is 0 to 1,000."""
    if not 0 <= exponent <= 1_000:
        raise bad_input("an exponent must lie between 0 and 1,000")
    result, square = Decimal(1), number
    while exponent:
        if exponent & 1:
            result = numbers.multiply(result, square)
        exponent >>= 1
        if exponent:
            square = numbers.multiply(square, square)
    return result


# std.units

_DECIMAL_PREFIXES: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_UNITS: Final = {
    prefix + binary: Decimal(1024 if binary else 1000) ** power_of
    for prefix, power_of in _DECIMAL_PREFIXES.items()
    for binary in ("", "i")
    if prefix or not binary
}


def quantity(text: str) -> Decimal:
    """A number with a unit of Kubernetes, as in `500m`, `10K`, `1.5Gi`; only `m` and `M` are told apart by case."""
    number, unit = _split_quantity(text)
    if unit == "m":
        return numbers.multiply(number, Decimal("0.001"))
    return _scaled(number, unit.lower(), text)


def byte_count(text: str) -> Decimal:
    """A number of bytes, as in `10KB`, `1.5GiB`, `512`; letter case says nothing."""
    number, unit = _split_quantity(text)
    return _scaled(number, unit.lower().removesuffix("b"), text)


def _split_quantity(text: str) -> tuple[Decimal, str]:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") if text.isascii() else ""
    try:
        # `.5` is how people write it; JSON does not.
        return numbers.parse_decimal(f"0{digits}" if digits[:1] == "." else digits), text[len(digits) :]
    except ValueFault:
        raise bad_input(f"{shown(text)} is not a quantity such as 500m, 10K or 1.5Gi") from None


def _scaled(number: Decimal, unit: str, text: str) -> Decimal:
    factor = _UNITS.get(unit)
    if factor is None:
        raise bad_input(f"{shown(text)} has no unit such as K, Mi or GB")
    return numbers.multiply(number, factor)


COLLECTIONS: Final[Mapping[str, Function]] = {
    "count": count,
    "sum": sum_of,
    "sum.decimal": sum_of_decimals,
    "sum.duration": sum_of_durations,
    "min": minimum,
    "max": maximum,
    "any": any_true,
    "all": all_true,
    "keys": keys,
    "values": values,
    "sort": sort,
    "first": first,
    "last": last,
    "reverse": reverse,
    "distinct": distinct,
    "flatten": flatten,
    "contains": contains,
    "round": rounded,
    "floor_div": numbers.floor_div,
    "abs": absolute,
    "to_string": to_string,
    "to_int": to_int,
    "to_decimal": to_decimal,
    "to_set": to_set,
    "to_list": to_list,
    "std.numbers.floor": floor,
    "std.numbers.ceil": ceil,
    "std.numbers.truncate": truncate,
    "std.numbers.range": between,
    "std.numbers.range_by": stepped,
    "std.numbers.power": power,
    "std.units.quantity": quantity,
    "std.units.bytes": byte_count,
}
