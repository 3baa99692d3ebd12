r"""What comes in: requests, facts and data, as bytes of JSON or as Python objects. All of it is hostile.

JSON parsers disagree about documents that RFC 8259 leaves open: the same key twice, numbers too large for a
double or for 64 bits, half of a surrogate pair, NaN, nesting that ends in a stack overflow. Where a gate and
the tool behind it read one document differently, the gate decides about something else than what happens.
So each of those is refused, by name and with the place, and what is left means the same everywhere.

A document is first given to msgspec, which is strict about grammar, UTF-8 and surrogates, and fast. Four
things it does not look at; each has a test that costs a scan of the bytes in C:

- *Keys twice.* Count the colons in the document, and those in the decoded value written as JSON again. Outside
  of strings a document has one colon for each key that it writes, and inside of strings the colons are the
  same in both, unless one was escaped. A key that was lost took its colon with it. So without the escape
  `\u003a` the counts are equal exactly if no key is there twice.
- *Whole numbers beyond 64 bits* have a run of at least 19 digits.
- *How many values, and how deep*, is at most the number of brackets and commas, and of brackets.
- *How long strings are* is at most the length of the document.

These tests never pass what must be refused, but they may fail where nothing is wrong: a card number in a
string has 19 digits too. Then, and to say what is wrong with a document and where, the standard library's
decoder reads it again with its hooks, and `read_python` goes through the result value by value. That is also
how a request is read that comes as Python objects. The two ways give equal values, which a property test
holds them to.

One thing more is refused, for what comes after. Python hashes a decimal by its remainder at a prime that everybody
knows, so there are as many as one likes with the same hash, and a set of them takes time by the square of their number.

What either gives is made of `dict`, `list`, `str`, `int`, `Decimal`, `bool` and `None`, and shares nothing
that can change with what came in. A number that is whole is an `int` however it was spelled.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from tenetlang.frozen import frozen
from tenetlang.values.collections import MAX_DEPTH, JsonConstant, Map, Record, from_json_value, to_json_value
from tenetlang.values.faults import ValueFault, shown
from tenetlang.values.hashing import MOST_OF_A_HASH
from tenetlang.values.network import Cidr, Email, Host, Ip
from tenetlang.values.numbers import INT_MAX, INT_MIN, number_from_decimal, number_from_float, parse_number
from tenetlang.values.order import sort_key
from tenetlang.values.paths import Path
from tenetlang.values.times import Duration, Time, time_from_datetime, time_text
from tenetlang.values.urls import Url
from tenetlang.values.versions import Semver


@frozen
class Limits:
    """How much a document may hold."""

    size: int
    """Bytes in all; of a document that comes as Python objects, the bytes of its strings and keys in UTF-8."""
    depth: int
    """Lists and objects inside one another."""
    values: int
    """Values of every kind, the document itself included, keys not."""
    string: int
    """Bytes of one string or key, in UTF-8."""


REQUEST_LIMITS: Final = Limits(size=2**20, depth=MAX_DEPTH, values=50_000, string=256 * 2**10)
"""What a request may hold; more is an invalid request."""

DATA_LIMITS: Final = Limits(size=256 * 2**20, depth=MAX_DEPTH, values=20_000_000, string=2**20)
"""What a file of data or a bundle may hold, which come from whoever writes the policies."""


class InvalidRequest(Exception):
    """A document that is refused.

    `path` names the place, as in `args.to[2]`, and is empty for the document itself; `reason` is a short
    English text that repeats no more than a little of what was refused.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


def path_text(steps: Sequence[str | int]) -> str:
    """The place that keys and positions lead to, from the outside in: `args.to[2]`, `data["two words"]`."""
    text = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _is_word(step) else f"[{shown(step)}]" for step in steps
    )
    return text.removeprefix(".")


def _is_word(key: str) -> bool:
    return len(key) <= 60 and key.isascii() and key.isidentifier()


def read_json(data: bytes | bytearray | memoryview | str, limits: Limits = REQUEST_LIMITS) -> object:
    """The document in the JSON text, which is UTF-8 without a byte order mark; `InvalidRequest` if there is none."""
    document = _encoded(data) if isinstance(data, str) else bytes(data)
    if len(document) > limits.size:
        raise InvalidRequest("", f"the document has more than {limits.size} bytes")
    brackets = document.count(b"[") + document.count(b"{")
    if (
        len(document) <= limits.string
        and document.count(b",") + brackets < limits.values
        and b"\\u003" not in document
        and _NINETEEN_DIGITS not in document.translate(_DIGITS_TO_ZERO)
    ):
        try:
            value = _decode(document)
        except (msgspec.MsgspecError, ValueError, RecursionError, ValueFault):
            return _read_carefully(document, limits)
        if document.count(b":") == _encode(value).count(b":") and (
            brackets <= limits.depth or _is_within(value, limits.depth)
        ):
            if document.count(b".") + document.count(b"e-") + document.count(b"E-") > _FEW_FRACTIONS:
                _refuse_collisions(_fractions_in(value))
            return value
    return _read_carefully(document, limits)


def read_python(value: object, limits: Limits = REQUEST_LIMITS) -> object:
    """A request that came as Python objects, as `read_json` would have given it; `InvalidRequest` if it can't.

    Taken are the types of decoded JSON, floats and decimals as the numbers they spell, tuples and sets as
    lists, aware `datetime`s as their text, and the values of this package. Only exactly these types: the
    methods of a subclass could answer one thing now and another later. The result is a copy.
    """
    reader = _Reader(limits)
    try:
        copy = reader.read(value, limits.depth)
    except _Refusal as refusal:
        raise InvalidRequest(path_text(refusal.steps[::-1]), refusal.reason) from None
    except RuntimeError:
        raise InvalidRequest("", "the request changed while it was read, or the stack is full") from None
    _refuse_collisions(reader.fractions)
    return copy


def read_part(value: object, limits: Limits, fractions: int) -> object:
    """A part of a request, as `read_python` would have copied it within the whole; `InvalidRequest` if it can't, and
    where it has more numbers with a fraction than that, for which only the whole can tell whether they are too many."""
    reader = _Reader(limits)
    try:
        copy = reader.read(value, limits.depth)
    except _Refusal as refusal:
        raise InvalidRequest(path_text(refusal.steps[::-1]), refusal.reason) from None
    if len(reader.fractions) > fractions:
        raise InvalidRequest("", "the part has many numbers with a fraction")
    return copy


# Numbers with one hash

_FEW_FRACTIONS: Final = 1000
"""So many do no harm, whatever their hashes."""


def _refuse_collisions(fractions: Sequence[Decimal]) -> None:
    if len(fractions) > _FEW_FRACTIONS:
        # Told apart by their texts, whose hashes nobody knows.
        different = dict(zip(map(str, fractions), fractions, strict=True)).values()
        if max(Counter(map(hash, different)).values()) > MOST_OF_A_HASH:
            raise InvalidRequest("", "the document has many numbers that were chosen to have the same hash")


def _fractions_in(value: object) -> list[Decimal]:
    found: list[Decimal] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Decimal):
            found.append(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found


# The fast way

_NINETEEN_DIGITS: Final = b"0" * 19
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
_decode: Final[Callable[[bytes], object]] = msgspec.json.Decoder(float_hook=parse_number).decode
_encode: Final[Callable[[object], bytes]] = msgspec.json.Encoder().encode


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest("", "the text has half of a surrogate pair") from None


def _is_within(value: object, depth: int) -> bool:
    """Whether lists and objects are nested no deeper than that, layer by layer."""
    layer = [value] if type(value) in (dict, list) else []
    for _ in range(depth):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if type(inner) is dict or type(inner) is list
        ]
        if not layer:
            return True
    return not layer


# The careful way


class _Refusal(Exception):
    """On its way out through the nested containers, each of which adds the step that led inside."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str | int] = []


@frozen
class _Unreadable:
    """Stands in a decoded document for what is wrong there, until its place is known."""

    reason: str


_SMALL: Final = 2**62
"""A whole number below is taken without a call."""

_SHORT: Final = 64
"""Code points of a string that is taken without a call: most are no longer, and calls are what reading costs."""


class _Reader:
    """Copies one document, and counts what may still come."""

    __slots__ = ("fractions", "limits", "size", "values")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.size = limits.size
        self.values = limits.values - 1
        self.fractions: list[Decimal] = []

    def read(self, value: object, depth: int) -> object:
        # Always exactly the type, never a subclass of it.
        if type(value) is str:
            return self.string(value)
        if type(value) is dict:
            return self.mapping(value, depth)
        if type(value) is int:
            if INT_MIN <= value <= INT_MAX:
                return value
            raise _Refusal("the number does not fit in 64 bits")
        if value is None or value is True or value is False:
            return value
        if type(value) is Record or type(value) is Map:
            return self.mapping(value, depth)
        if type(value) is list or type(value) is tuple:
            return self.sequence(value, depth)
        if type(value) is set or type(value) is frozenset:
            return sorted(self.sequence(tuple(value), depth), key=_json_sort_key)
        if type(value) is _Unreadable:
            raise _Refusal(value.reason)
        found = _scalar(value)
        if isinstance(found, Decimal):
            self.fractions.append(found)
        return found

    def string(self, text: str) -> str:
        if text.isascii():
            length = len(text)
        else:
            try:
                length = len(text.encode("utf-8"))
            except UnicodeEncodeError:
                raise _Refusal("the string has half of a surrogate pair") from None
        if length > self.limits.string:
            raise _Refusal(f"the string has more than {self.limits.string} bytes")
        self.size -= length
        self.leave()
        return text

    def mapping(self, entries: Mapping[object, object] | Record | Map, depth: int) -> dict[str, object]:
        self.enter(len(entries), depth)
        copy: dict[str, object] = {}
        for key, value in entries.items():
            if type(key) is not str:
                raise _Refusal("a key is not a string")
            if len(key) <= _SHORT <= self.size and key.isascii():
                self.size -= len(key)
            else:
                self.string(key)
            if type(value) is str and value.isascii() and len(value) <= _SHORT:
                self.size -= len(value)
                copy[key] = value
                continue
            if type(value) is int and -_SMALL < value < _SMALL:
                copy[key] = value
                continue
            try:
                copy[key] = self.read(value, depth - 1)
            except _Refusal as refusal:
                refusal.steps.append(key)
                raise
        self.leave()
        return copy

    def sequence(self, elements: Sequence[object], depth: int) -> list[object]:
        self.enter(len(elements), depth)
        copy: list[object] = []
        for element in elements:
            if type(element) is str and element.isascii() and len(element) <= _SHORT:
                self.size -= len(element)
                copy.append(element)
                continue
            try:
                copy.append(self.read(element, depth - 1))
            except _Refusal as refusal:
                refusal.steps.append(len(copy))
                raise
        self.leave()
        return copy

    def enter(self, length: int, depth: int) -> None:
        if depth == 0:
            raise _Refusal(f"lists and objects are nested deeper than {self.limits.depth}")
        self.values -= length
        if self.values < 0:
            raise _Refusal(f"the document has more than {self.limits.values} values")

    def leave(self) -> None:
        if self.size < 0:
            raise _Refusal(f"the document has more than {self.limits.size} bytes")


def _json_sort_key(element: object) -> tuple[object, ...]:
    return sort_key(to_json_value(element))


def _scalar(value: object) -> object:
    """The rarer kinds of single value, as JSON would have brought them."""
    try:
        if type(value) is float:
            return number_from_float(value)
        if type(value) is Decimal:
            return number_from_decimal(value)
        if type(value) is JsonConstant:
            return from_json_value(value)
        if type(value) in _SPELLED:
            return str(value)
        if type(value) is datetime:
            return time_text(time_from_datetime(value))
    except ValueFault as fault:
        raise _Refusal(fault.detail) from None
    except Exception:  # noqa: BLE001  # a tzinfo, or a field set by force, may raise what it likes
        raise _Refusal("the value could not be read") from None
    raise _Refusal(f"{shown(type(value).__name__)} is not a type that a request can hold")


_SPELLED: Final = frozenset({Time, Duration, Ip, Cidr, Semver, Host, Email, Url, Path})


def _read_carefully(document: bytes, limits: Limits) -> object:
    """Reads what the fast way did not pass: finds what is wrong with it, or that nothing is."""
    if document.startswith(b"\xef\xbb\xbf"):
        raise InvalidRequest("", "the document begins with a byte order mark")
    try:
        decoded = _standard_decoder()(document.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidRequest("", f"the document is not UTF-8, at byte {error.start}") from None
    except RecursionError:
        raise InvalidRequest("", f"lists and objects are nested deeper than {limits.depth}") from None
    except ValueError as error:
        position = getattr(error, "pos", None)
        where = f", at character {position}" if isinstance(position, int) else ""
        raise InvalidRequest("", f"the document is not JSON{where}") from None
    return read_python(decoded, limits)


@functools.cache
def _standard_decoder() -> Callable[[str], object]:
    import json

    return json.JSONDecoder(
        object_pairs_hook=_object_of,
        parse_int=_integer_of,
        parse_float=_number_of,
        parse_constant=_constant_of,
    ).decode


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object] | _Unreadable:
    entries = dict(pairs)
    if len(entries) == len(pairs):
        return entries
    left = dict(entries)
    for key, _ in pairs:
        if key not in left:
            return _Unreadable(f"the key {shown(key)} is there twice")
        del left[key]
    raise AssertionError("fewer entries than pairs, and no key twice")


def _integer_of(text: str) -> int | _Unreadable:
    return int(text) if len(text) <= 20 else _Unreadable("the number does not fit in 64 bits")


def _number_of(text: str) -> int | Decimal | _Unreadable:
    try:
        return parse_number(text)
    except ValueFault as fault:
        return _Unreadable(fault.detail)


def _constant_of(text: str) -> _Unreadable:
    return _Unreadable(f"{text} is not JSON")
