"""The canonical order of values: the order in which sets and maps iterate, on every machine.

Python's own sets iterate in an order that depends on hashes, and the hashes of strings change from one
process to the next. A decision, its trace and its first witness must not. So whatever is iterated is sorted
first:

    numbers            by value, whole numbers and decimals together
    strings            by code point; hosts, URLs, paths and mail addresses as the strings they are
    times, durations   by value
    ip, cidr           IPv4 before IPv6, then by number; a block before those inside it
    semver             by precedence
    false, true        in this order
    lists              element by element; a list comes before those that it begins
    records, maps      as lists of field and value, sorted by field
    sets               as lists of their elements, sorted

Values of type `json` mix: null, false, true, numbers, strings, lists, objects, in this order. It is also the
order in which the language's types rank, so that the order is total over all values.

Order agrees with `==`: of two values that can be in one set, neither comes first exactly if they are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Final, TypeVar

from tenetlang.values.collections import JsonConstant
from tenetlang.values.network import Cidr, Email, Host, Ip
from tenetlang.values.paths import Path
from tenetlang.values.times import Duration, Time
from tenetlang.values.urls import Url
from tenetlang.values.versions import Semver

_V = TypeVar("_V")

_NATURAL: Final = frozenset({bool, int, str, Decimal, Time, Duration, Ip, Cidr, Semver, Host, Email, Url, Path})
"""The types whose `<` in Python is already the canonical order."""


def sort_key(value: object) -> tuple[object, ...]:
    """A tuple that compares, with those of other values, as the values do in canonical order."""
    match value:
        case JsonConstant.NULL:
            return (0,)
        case False | JsonConstant.FALSE:
            return (1,)
        case True | JsonConstant.TRUE:
            return (2,)
        case int() | Decimal():
            return (3, value)
        case str():
            return (4, value)
        case tuple():
            return (5, tuple(map(sort_key, value)))
        case dict():
            return (6, tuple((name, sort_key(value[name])) for name in sorted(value)))
        case Ip():
            return (7, value)
        case Cidr():
            return (8, value)
        case Semver():
            return (9, value)
        case frozenset():
            return (10, tuple(sorted(map(sort_key, value))))
        case _:
            raise TypeError(f"{type(value).__name__} is not a value of the language")


def sorted_values(values: Iterable[_V]) -> list[_V]:
    """The values in canonical order."""
    listed = list(values)
    kinds = set(map(type, listed))
    if len(kinds) == 1 and kinds <= _NATURAL:
        listed.sort()
    elif len(listed) > 1:
        listed.sort(key=sort_key)
    return listed


def sorted_items(collection: Mapping[str, _V]) -> list[tuple[str, _V]]:
    """The fields of a record, or the entries of a map, by name."""
    return sorted(collection.items(), key=itemgetter(0))
