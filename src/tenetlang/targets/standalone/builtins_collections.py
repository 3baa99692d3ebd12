"""The functions that need no import, and those of `std.numbers` and `std.units`."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Collection
from decimal import Decimal
from itertools import chain

from tenetlang.targets.standalone.faults import ValueFault, bad_input, shown
from tenetlang.targets.standalone.numbers import (
    decimal_absolute,
    decimal_add,
    decimal_multiply,
    decimal_text,
    integer_floor_division,
    integer_result,
    parse_decimal,
    parse_int,
    rounded,
    to_decimal,
)
from tenetlang.targets.standalone.operations import check_items
from tenetlang.targets.standalone.times import Duration, make_duration
from tenetlang.targets.standalone.values import Map, rendered, set_of, sort_key, sorted_items, sorted_values

# All the digits that 50,000 decimals of 64 places and 64 whole digits can have together.
_WIDE = decimal.Context(prec=256, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[decimal.Inexact])


def of_count(collection: Collection) -> int:
    """How many members a list or set has, entries a map, code points a string."""
    return len(collection)


def of_sum_of(members: Collection) -> int | Decimal:
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
        return make_duration(whole) if are_durations else integer_result(whole)
    # Zeros at the end would make the sum look longer than it is.
    return decimal_add(_WIDE.normalize(_WIDE.add(fraction, whole)), 0)


def of_sum_of_decimals(members: Collection) -> Decimal:
    """As `sum_of`, for a list or set of decimals, which may be empty."""
    return Decimal(of_sum_of(members))


def of_sum_of_durations(members: Collection) -> Duration:
    """As `sum_of`, for a list or set of durations, which may be empty."""
    return make_duration(sum(map(int, members)))


def of_minimum(members: Collection) -> object:
    """The first in canonical order, nothing (`None`) of nothing."""
    return min(members, key=sort_key) if members else None


def of_maximum(members: Collection) -> object:
    """The last in canonical order, nothing (`None`) of nothing."""
    return max(members, key=sort_key) if members else None


def of_any_true(members: Collection) -> bool:
    """Whether one of the members is true."""
    return True in members


def of_all_true(members: Collection) -> bool:
    """Whether none of the members is false."""
    return False not in members


def of_keys(mapping: Map) -> frozenset[str]:
    """The keys of a map."""
    return frozenset(mapping)


def of_values(mapping: Map) -> tuple[object, ...]:
    """The values of a map, in the order of their keys."""
    return tuple(value for _, value in sorted_items(mapping))


def of_sort(members: Collection) -> tuple[object, ...]:
    """The members in canonical order."""
    return tuple(sorted_values(members))


def of_first(members: tuple[object, ...]) -> object:
    """The first of a list, nothing (`None`) of an empty one."""
    return members[0] if members else None


def of_last(members: tuple[object, ...]) -> object:
    """The last of a list, nothing (`None`) of an empty one."""
    return members[-1] if members else None


def of_reverse(members: tuple[object, ...]) -> tuple[object, ...]:
    """A list from the last member to the first."""
    return members[::-1]


def of_distinct(members: Collection) -> tuple[object, ...]:
    """The members of a list, each at its first place only; of a set, all of them in canonical order. Faults as `to_set`."""
    if isinstance(members, frozenset):
        return of_sort(members)
    set_of(members)
    return tuple(dict.fromkeys(members))


def of_flatten(nested: Collection) -> Collection:
    """The members of the members, one level down: of a list of lists or sets a list, of a set of sets a set. Faults as `to_set`."""
    check_items(sum(map(len, nested)))
    if isinstance(nested, frozenset):
        return set_of(chain.from_iterable(nested))
    return tuple(member for inner in nested for member in (inner if isinstance(inner, tuple) else of_sort(inner)))


def of_contains(whole: Collection, part: object) -> bool:
    """Whether a string has that part, or a list or set that member."""
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    return part in whole


def of_absolute(number: int | Decimal) -> int | Decimal:
    """The number, or the duration, without its sign."""
    if isinstance(number, Decimal):
        return decimal_absolute(number)
    if isinstance(number, Duration):
        return make_duration(abs(int(number)))
    return integer_result(abs(number))


def of_to_string(value: object) -> str:
    """The value as templates show it: strings as they are, the others in their one spelling."""
    return str(rendered(value))


def of_rounded(number: int | Decimal, places: int, how: str = "half_even") -> Decimal:
    """The number rounded to so many places after the point, ties to the even digit unless it says otherwise."""
    return rounded(number, places, how)


def of_to_int(value: str | int | Decimal) -> int:
    """A number that is whole, or the text of one in the spelling of JSON; `bad_input` otherwise."""
    if isinstance(value, str):
        return parse_int(value)
    if isinstance(value, Decimal):
        whole = int(value)
        if whole != value:
            raise bad_input(f"{decimal_text(value)} is not a whole number")
        return integer_result(whole)
    return value


def of_to_decimal(value: str | int | Decimal) -> Decimal:
    """The decimal that equals an `int`, or the one that a text spells as JSON does; `bad_input` otherwise."""
    return parse_decimal(value) if isinstance(value, str) else to_decimal(value)


def of_to_set(members: Collection) -> frozenset[object]:
    """The members, each once; `too_much_work` where many were chosen to have one hash."""
    return members if isinstance(members, frozenset) else set_of(members)


def of_to_list(members: Collection) -> tuple[object, ...]:
    """The members of a set in canonical order; a list is itself."""
    return members if isinstance(members, tuple) else of_sort(members)


# std.numbers


def of_floor(number: Decimal) -> Decimal:
    """The greatest whole number not above. Without its places, a number has room for the digit that rounding may add."""
    return rounded(number, 0, "floor")


def of_ceil(number: Decimal) -> Decimal:
    """The least whole number not below."""
    return rounded(number, 0, "ceiling")


def of_truncate(number: Decimal) -> Decimal:
    """The number without its places."""
    return rounded(number, 0, "down")


def of_between(start: int, end: int) -> tuple[int, ...]:
    """The whole numbers from `start` to `end`, both included, upwards or downwards."""
    return of_stepped(start, end, 1)


def of_stepped(start: int, end: int, step: int) -> tuple[int, ...]:
    """Every `step`-th whole number from `start` towards `end`, which may be the last; `bad_input` unless `step` > 0."""
    if step <= 0:
        raise bad_input("a step must be a positive number")
    check_items(abs(end - start) // step + 1)
    return tuple(range(start, end + 1, step)) if start <= end else tuple(range(start, end - 1, -step))


def of_power(number: Decimal, exponent: int) -> Decimal:
    """The number multiplied by itself so many times, exactly; `bad_input` unless `exponent` is 0 to 1,000."""
    if not 0 <= exponent <= 1_000:
        raise bad_input("an exponent must lie between 0 and 1,000")
    result, square = Decimal(1), number
    while exponent:
        if exponent & 1:
            result = decimal_multiply(result, square)
        exponent >>= 1
        if exponent:
            square = decimal_multiply(square, square)
    return result


# std.units

_DECIMAL_PREFIXES = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_UNIT_FACTORS = {
    prefix + binary: Decimal(1024 if binary else 1000) ** power_of
    for prefix, power_of in _DECIMAL_PREFIXES.items()
    for binary in ("", "i")
    if prefix or not binary
}


def of_quantity(text: str) -> Decimal:
    """A number with a unit of Kubernetes, as in `500m`, `10K`, `1.5Gi`; only `m` and `M` are told apart by case."""
    number, unit = _split_quantity(text)
    if unit == "m":
        return decimal_multiply(number, Decimal("0.001"))
    return _scaled_quantity(number, unit.lower(), text)


def of_byte_count(text: str) -> Decimal:
    """A number of bytes, as in `10KB`, `1.5GiB`, `512`; letter case says nothing."""
    number, unit = _split_quantity(text)
    return _scaled_quantity(number, unit.lower().removesuffix("b"), text)


def _split_quantity(text: str) -> tuple[Decimal, str]:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") if text.isascii() else ""
    try:
        # `.5` is how people write it; JSON does not.
        return parse_decimal(f"0{digits}" if digits[:1] == "." else digits), text[len(digits) :]
    except ValueFault:
        raise bad_input(f"{shown(text)} is not a quantity such as 500m, 10K or 1.5Gi") from None


def _scaled_quantity(number: Decimal, unit: str, text: str) -> Decimal:
    factor = _UNIT_FACTORS.get(unit)
    if factor is None:
        raise bad_input(f"{shown(text)} has no unit such as K, Mi or GB")
    return decimal_multiply(number, factor)


COLLECTIONS: dict[str, Callable] = {
    "count": of_count,
    "sum": of_sum_of,
    "sum.decimal": of_sum_of_decimals,
    "sum.duration": of_sum_of_durations,
    "min": of_minimum,
    "max": of_maximum,
    "any": of_any_true,
    "all": of_all_true,
    "keys": of_keys,
    "values": of_values,
    "sort": of_sort,
    "first": of_first,
    "last": of_last,
    "reverse": of_reverse,
    "distinct": of_distinct,
    "flatten": of_flatten,
    "contains": of_contains,
    "round": of_rounded,
    "floor_div": integer_floor_division,
    "abs": of_absolute,
    "to_string": of_to_string,
    "to_int": of_to_int,
    "to_decimal": of_to_decimal,
    "to_set": of_to_set,
    "to_list": of_to_list,
    "std.numbers.floor": of_floor,
    "std.numbers.ceil": of_ceil,
    "std.numbers.truncate": of_truncate,
    "std.numbers.range": of_between,
    "std.numbers.range_by": of_stepped,
    "std.numbers.power": of_power,
    "std.units.quantity": of_quantity,
    "std.units.bytes": of_byte_count,
}
