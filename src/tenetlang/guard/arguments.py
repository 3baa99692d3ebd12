"""What a call says, as JSON values: Python's own kinds of value on the way to the policy and to the record.

    refund("c1", Decimal("20.00"), at=datetime(…, UTC))   →   {"customer": "c1", "amount": 20.00, "at": "2026-11-22T20:00:00Z"}

| Python | the policy gets |
|---|---|
| `bool`, `int`, `str`, `float`, `Decimal`, `None` | the same; a float as its shortest decimal text |
| `datetime` with a zone; `date`; `timedelta` | RFC 3339 in UTC; `2026-11-22`; `1h30m` |
| `Enum`, `UUID`, `Path`, addresses of `ipaddress` | their value or text |
| lists, tuples, deques; sets | a list; one in order |
| mappings with text as keys; named tuples, dataclasses, attrs, pydantic, `msgspec.Struct` | an object; of the last kinds without what is None |

What has no JSON form stays what it is. The policy's reader then refuses it, with its place in the call, and the record says that
it could not be read: a call that can't be looked at is denied like any other, and nothing is guessed.

Nor does a call take longer for being too large: whatever is beyond what a request may hold is cut off just behind that (`bounded`), where
the reader refuses it. Else somebody's list of a million numbers would be written out for its record in the log's transaction, and
everybody else would wait for it.

A call runs with what was decided on. So lists, dictionaries and sets are copied once, before anything looks at them (`held`), and the
tool gets the copies: another thread that changes the caller's list in the meantime changes nothing. Objects of
classes are not copied; tools that are called with such, by threads that share them, should make them immutable.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import date, datetime, timedelta
from decimal import ROUND_05UP, Context, Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import PurePath
from typing import Final
from uuid import UUID

import attrs
import msgspec

from tenetlang.values.reading import REQUEST_LIMITS, Limits
from tenetlang.values.times import duration_text, time_from_datetime, time_text

DEEPEST: Final = 40
"""No request may be as deep as this (32), so what lies deeper is left as it is and refused."""

_MOST_DIGITS: Final = 400
_MOST_BITS: Final = 1024
_ROUGHLY: Final = Context(prec=_MOST_DIGITS, rounding=ROUND_05UP, Emax=10**9, Emin=-(10**9), traps=[])
"""Makes of a longer number one that can't be read either: this way of rounding never makes the last digit a 0 or a 5."""

_SINGLE: Final = frozenset({type(None), bool, int, str, float, Decimal})
_MAPPINGS: Final = frozenset({OrderedDict, defaultdict})
_SPELLED: Final = (
    UUID,
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)


def held(value: object, depth: int = 0) -> object:
    """The value with lists, dictionaries, sets and tuples, and Python's own kinds of them, copied, so that nobody else can change them."""
    kind = type(value)
    if kind in _SINGLE or depth > DEEPEST:
        return value
    if isinstance(value, list | dict | set | tuple | deque):
        below = depth + 1
        if kind is list or kind is tuple:
            assert isinstance(value, list | tuple)
            return kind(held(item, below) for item in value)
        if kind is dict:
            assert isinstance(value, dict)
            return {key: held(item, below) for key, item in value.items()}
        if kind is set:
            assert isinstance(value, set)
            return set(value)
        if kind is deque:
            assert isinstance(value, deque)
            return deque((held(item, below) for item in value), value.maxlen)
        if kind in _MAPPINGS:
            assert isinstance(value, dict)
            found = copy(value)
            found.update({key: held(item, below) for key, item in value.items()})
            return found
    return value


def plain(value: object, depth: int = 0) -> object:
    """The value as JSON values; itself where it has no JSON form, for the policy's reader to refuse. Never raises."""
    kind = type(value)
    if kind in _SINGLE or depth > DEEPEST:
        return value
    try:
        return _plain(value, depth)
    except Exception:  # noqa: BLE001  # a class of the caller's may raise what it likes; the reader refuses what stays
        return value


def is_plain(value: object, depth: int = 0) -> bool:
    """Whether a value that `plain` gave is all of JSON's kinds, so that nobody's code runs when it is looked at."""
    kind = type(value)
    if kind in _SINGLE:
        return True
    if depth > DEEPEST:
        return False
    if kind is list:
        assert isinstance(value, list)
        return all(is_plain(item, depth + 1) for item in value)
    if kind is dict:
        assert isinstance(value, dict)
        return all(type(key) is str and is_plain(item, depth + 1) for key, item in value.items())
    return False


def bounded(value: object, limits: Limits = REQUEST_LIMITS) -> object:
    """A value that `plain` gave, without most of what is too much. What is within the limits stays as it is, what is not is still not."""
    return _Bound(limits).value(value, 0)


class _Bound:
    """Copies a value as far as a reader would look at it, and counts what may still come."""

    def __init__(self, limits: Limits) -> None:
        self._string = limits.string + 1
        self._size = limits.size + 1
        self._values = limits.values + 1

    def value(self, value: object, depth: int) -> object:
        match value:
            case str() if type(value) is str:
                return self._text(value)
            case int() if type(value) is int and value.bit_length() > _MOST_BITS:
                return 1 << _MOST_BITS if value > 0 else -1 << _MOST_BITS
            case Decimal() if type(value) is Decimal and value.is_finite():
                return value if len(value.as_tuple().digits) <= _MOST_DIGITS else _ROUGHLY.plus(value)
            case list() if type(value) is list:
                return [] if depth > DEEPEST else self._list(value, depth + 1)
            case dict() if type(value) is dict:
                return {} if depth > DEEPEST else self._object(value, depth + 1)
        return value

    def _list(self, value: list[object], depth: int) -> list[object]:
        found: list[object] = []
        for item in value:
            if not self._more():
                break
            found.append(self.value(item, depth))
        return found

    def _object(self, value: Mapping[object, object], depth: int) -> dict[object, object]:
        found: dict[object, object] = {}
        for key, item in value.items():
            if not self._more():
                break
            found[self._text(key) if type(key) is str else key] = self.value(item, depth)
        return found

    def _more(self) -> bool:
        self._values -= 1
        return self._values > 0 and self._size > 0

    def _text(self, text: str) -> str:
        self._size -= min(len(text), self._string)
        return text if len(text) <= self._string else text[: self._string]


def _plain(value: object, depth: int) -> object:
    match value:
        case Enum():
            return plain(value.value, depth + 1)
        case bool() | int():
            return int.__index__(value)
        case str():
            return str.__str__(value)
        case float():
            return float.__float__(value)
        case Decimal():
            return Decimal(value)
        case datetime():
            return time_text(time_from_datetime(value))
        case date():
            return value.isoformat()
        case timedelta():
            return duration_text(((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * 1_000)
        case PurePath():
            return value.as_posix()
        case _ if isinstance(value, _SPELLED):
            return str(value)
        case _:
            return _structured(value, depth + 1)


def _structured(value: object, depth: int) -> object:
    match value:
        case Mapping():
            return _fields(((_key(key), item) for key, item in value.items()), depth, bare=True)
        case tuple() if (names := getattr(type(value), "_fields", None)) is not None:
            return _fields(zip(names, value, strict=True), depth)
        case list() | tuple() | deque():
            return [plain(item, depth) for item in value]
        case set() | frozenset():
            return sorted((plain(item, depth) for item in value), key=msgspec.json.encode)
        case _:
            names = field_names(type(value))
            if names is None:
                return value
            return _fields(((name, getattr(value, name)) for name in names), depth)


def field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a class that is a record: a dataclass, or one of attrs, pydantic or msgspec. None for any other."""
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    if attrs.has(kind):
        return tuple(field.name for field in attrs.fields(kind))
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    names = getattr(kind, "model_fields", None)
    return tuple(names) if isinstance(names, Mapping) else None


def _fields(pairs: Iterable[tuple[object, object]], depth: int, *, bare: bool = False) -> dict[str, object]:
    """An object of these members; those that are None only with `bare`. What has two of one name is none: a tool may see the other."""
    found: dict[str, object] = {}
    for key, item in pairs:
        name = str(key)
        if name in found:
            raise TypeError(f"two members are called {name!r}")
        if bare or item is not None:
            found[name] = plain(item, depth)
    return found


def _key(key: object) -> str:
    if type(key) is str:
        return key
    if isinstance(key, Enum) and type(key.value) is str:
        return key.value
    if isinstance(key, str):
        return str.__str__(key)
    raise TypeError(f"a key is a {type(key).__name__}, not text")
