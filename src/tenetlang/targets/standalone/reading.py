"""What comes in, all of it hostile (see `values/reading.py` for what is refused and why).

A document is parsed by the standard library's decoder with hooks that keep what is wrong until its place is known. Then it is copied
value by value and held to the limits. What comes out is made of `dict`, `list`, `str`, `int`, `Decimal`, `bool` and `None`.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tenetlang.targets.standalone.faults import Refused, ValueFault, is_text, shown
from tenetlang.targets.standalone.numbers import INT_MAX, INT_MIN, parse_number
from tenetlang.targets.standalone.times import time_from_datetime, time_text
from tenetlang.targets.standalone.values import MOST_OF_A_HASH, number_that_came


class Limits(NamedTuple):
    """How much a document may hold: bytes in all, nesting, values, bytes of one string."""

    size: int
    depth: int
    values: int
    string: int


REQUEST_LIMITS = Limits(2**20, 32, 50_000, 256 * 2**10)
DATA_LIMITS = Limits(256 * 2**20, 32, 20_000_000, 2**20)

_FEW_FRACTIONS = 1000
_SHORT = 64


class _Unreadable:
    """Stands in a parsed document for what is wrong there, until its place is known."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def read_json(data: object, limits: Limits = REQUEST_LIMITS) -> object:
    """The document in the text, or in the bytes of its UTF-8. Raises `Refused`."""
    if isinstance(data, str):
        if not is_text(data):
            raise Refused("the text has half of a surrogate pair")
        document = data.encode("utf-8")
    elif isinstance(data, (bytes, bytearray, memoryview)):
        document = bytes(data)
    else:
        raise Refused("the text of a document is a string, or bytes")
    if len(document) > limits.size:
        raise Refused(f"the document has more than {limits.size} bytes")
    if document.startswith(b"\xef\xbb\xbf"):
        raise Refused("the document begins with a byte order mark")
    try:
        decoded = _DECODER.decode(document.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(f"the document is not UTF-8, at byte {error.start}") from None
    except RecursionError:
        raise Refused(f"lists and objects are nested deeper than {limits.depth}") from None
    except ValueError as error:
        position = getattr(error, "pos", None)
        where = f", at character {position}" if isinstance(position, int) else ""
        raise Refused(f"the document is not JSON{where}") from None
    return copied(decoded, limits)


def _object_of(pairs: list) -> object:
    entries = dict(pairs)
    if len(entries) == len(pairs):
        return entries
    left = set(entries)
    for key, _ in pairs:
        if key not in left:
            return _Unreadable(f"the key {shown(key)} is there twice")
        left.remove(key)
    raise AssertionError("fewer entries than pairs, and no key twice")


def _integer_of(text: str) -> object:
    return int(text) if len(text) <= 20 else _Unreadable("the number does not fit in 64 bits")


def _number_of(text: str) -> object:
    try:
        return parse_number(text)
    except ValueFault as fault:
        return _Unreadable(fault.detail)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object_of,
    parse_int=_integer_of,
    parse_float=_number_of,
    parse_constant=lambda text: _Unreadable(f"{text} is not JSON"),
)


def copied(document: object, limits: Limits = REQUEST_LIMITS) -> object:
    """A copy of a document that is held to the limits; takes what programs hold as well, but only exactly the types of JSON,
    floats and decimals as the numbers that they spell, tuples as lists, and aware `datetime`s. Raises `Refused`."""
    reader = _Reader(limits)
    try:
        copy = reader.read(document, limits.depth)
    except RuntimeError:
        raise Refused("the request changed while it was read, or the stack is full") from None
    _refuse_collisions(reader.fractions)
    return copy


def _refuse_collisions(fractions: list[Decimal]) -> None:
    """Python hashes a decimal by its remainder at a prime that everybody knows, so there are many with one hash."""
    if len(fractions) > _FEW_FRACTIONS:
        different = {str(fraction): fraction for fraction in fractions}.values()
        if max(Counter(map(hash, different)).values()) > MOST_OF_A_HASH:
            raise Refused("the document has many numbers that were chosen to have the same hash")


class _Reader:
    """Copies one document, and counts what may still come."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.size = limits.size
        self.values = limits.values - 1
        self.fractions: list[Decimal] = []

    def read(self, value: object, depth: int) -> object:
        # Always exactly the type, never a subclass of it, whose methods may answer as they like.
        if type(value) is str:
            return self.string(value)
        if type(value) is dict:
            return self.mapping(value, depth)
        if type(value) is int:
            if INT_MIN <= value <= INT_MAX:
                return value
            raise Refused("the number does not fit in 64 bits")
        if value is None or value is True or value is False:
            return value
        if type(value) is list or type(value) is tuple:
            return self.sequence(value, depth)
        if type(value) is _Unreadable:
            raise Refused(value.reason)
        return self.scalar(value)

    def scalar(self, value: object) -> object:
        try:
            found = time_text(time_from_datetime(value)) if type(value) is datetime else number_that_came(value)
        except ValueFault as fault:
            raise Refused(fault.detail) from None
        except Exception:
            raise Refused("the value could not be read") from None
        if isinstance(found, Decimal):
            self.fractions.append(found)
        return found

    def string(self, text: str) -> str:
        if not is_text(text):
            raise Refused("the string has half of a surrogate pair")
        length = len(text) if text.isascii() else len(text.encode("utf-8"))
        if length > self.limits.string:
            raise Refused(f"the string has more than {self.limits.string} bytes")
        self.size -= length
        self.leave()
        return text

    def mapping(self, entries: dict, depth: int) -> dict:
        self.enter(len(entries), depth)
        copy = {}
        for key, value in entries.items():
            if type(key) is not str:
                raise Refused("a key is not a string")
            if len(key) <= _SHORT <= self.size and key.isascii():
                self.size -= len(key)
            else:
                self.string(key)
            copy[key] = self.inside(value, depth, key)
        self.leave()
        return copy

    def sequence(self, elements: list | tuple, depth: int) -> list:
        self.enter(len(elements), depth)
        copy: list = []
        for element in elements:
            copy.append(self.inside(element, depth, len(copy)))
        self.leave()
        return copy

    def inside(self, value: object, depth: int, step: str | int) -> object:
        """A value inside a list or an object. A short string is counted now, and judged when what it is in is complete."""
        if type(value) is str and value.isascii() and len(value) <= _SHORT:
            self.size -= len(value)
            return value
        try:
            return self.read(value, depth - 1)
        except Refused as refused:
            raise refused.within(step) from None

    def enter(self, length: int, depth: int) -> None:
        if depth == 0:
            raise Refused(f"lists and objects are nested deeper than {self.limits.depth}")
        self.values -= length
        if self.values < 0:
            raise Refused(f"the document has more than {self.limits.values} values")

    def leave(self) -> None:
        if self.size < 0:
            raise Refused(f"the document has more than {self.limits.size} bytes")
