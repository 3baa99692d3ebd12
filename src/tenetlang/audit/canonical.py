"""Canonical JSON: one spelling for one value, so that a digest of the text is a digest of the value.

The scheme is RFC 8785 (JCS). Names are sorted by UTF-16 code units, strings escape only what they must, and a number
is written as ECMAScript writes the nearest double. That last rule is a trap for money: 9007199254740993 and
9007199254740992 have one JCS text, so a digest over it would serve both amounts. A number whose JCS text names
another value is therefore treated in one of three ways, and each caller says which:

    "round"   as RFC 8785 has it: the text of the nearest double. Only to compare with other implementations.
    "quote"   as a JSON string of the exact digits. For every digest.
    "keep"    as a JSON number of the exact digits. For payloads, which must give the value back.

The exact digits are laid out by the same ECMAScript rule (plain up to 21 digits, then with an exponent), so a number
has one text whether or not a double can hold it. A Python float stands for its shortest decimal text.

Records themselves never need any of this. Their profile (ASCII names, no fractions, integers within 2^53) is one
where a plain sorted serializer in C is already RFC 8785; `profile_bytes` checks the profile and takes that path. The
tests compare it with another hand's JCS on every code point.

The check itself is made in C as well where it can be (`_quickly`): a value that msgspec converts to nested lists and objects
of texts, safe integers, booleans and null, and that is equal to what it was converted to, holds nothing else; and names are
ASCII if the whole text is. Whatever does not pass this is looked at in Python, and only that can refuse it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Literal, TypeAlias

import msgspec

Inexact: TypeAlias = Literal["round", "quote", "keep"]

SAFE_INTEGER = 2**53 - 1
"""Integers of at most this size are doubles, and no other integer rounds to one of them."""

MAX_DEPTH = 64
"""Levels of lists and objects in one value. Requests are limited to 32."""

_MAX_INTEGER_BITS = 16_384

_ESCAPES = {
    **{code: f"\\u{code:04x}" for code in range(0x20)},
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}

_encode_sorted = msgspec.json.Encoder(order="sorted").encode

_QUICK_DEPTH = 6
"""Values nested deeper than this are checked in Python."""


class CanonicalError(ValueError):
    """The value is not JSON: a lone surrogate, a number that is none, a foreign type, or too deep."""


def canonical_bytes(value: object, inexact: Inexact = "quote") -> bytes:
    """The RFC 8785 text of a JSON value, as UTF-8; `inexact` says what becomes of numbers that no double holds.

    Raises `CanonicalError` where there is no such text.
    """
    text = _in_profile(value)
    if text is not None:
        return text
    parts: list[str] = []
    _write(value, inexact, parts, MAX_DEPTH)
    return "".join(parts).encode()


def digested_and_kept(value: object) -> tuple[bytes, bytes]:
    """The text for a digest and the text for a payload; they differ only in numbers that no double holds."""
    text = _in_profile(value)
    if text is not None:
        return text, text
    return canonical_bytes(value, "quote"), canonical_bytes(value, "keep")


def profile_bytes(value: object) -> bytes:
    """The same for a value of the records' profile; raises `CanonicalError` for one outside of it."""
    text = _quickly(value)
    if text is not None:
        return text
    mistake = profile_mistake(value)
    if mistake is not None:
        raise CanonicalError(mistake)
    return _encoded(value)


def profile_mistake(value: object, depth: int = MAX_DEPTH) -> str | None:
    """Why a value is outside the profile (ASCII names, no fractions, integers within 2^53), or None."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return None
    if kind is int:
        assert isinstance(value, int)
        return None if -SAFE_INTEGER <= value <= SAFE_INTEGER else "an integer is beyond 2^53"
    if depth == 0:
        return f"it is nested deeper than {MAX_DEPTH} levels"
    if kind is list or kind is tuple:
        assert isinstance(value, list | tuple)
        for item in value:
            mistake = profile_mistake(item, depth - 1)
            if mistake is not None:
                return mistake
        return None
    if kind is dict:
        assert isinstance(value, dict)
        for name, item in value.items():
            if type(name) is not str or not name.isascii():
                return "a name is not ASCII text"
            mistake = profile_mistake(item, depth - 1)
            if mistake is not None:
                return mistake
        return None
    return f"a value of type {kind.__name__} is not allowed"


def number_text(value: float | Decimal) -> str:
    """The exact decimal digits of a number, laid out as ECMAScript lays out a number (ECMA-262, Number::toString)."""
    exact = _exact(value)
    sign, figures, exponent = exact.as_tuple()
    if not isinstance(exponent, int):
        raise CanonicalError("a number is infinite or no number")
    digits = "".join(map(str, figures)).lstrip("0")
    return _laid_out(bool(sign), digits.rstrip("0"), len(digits) + exponent)


def _in_profile(value: object) -> bytes | None:
    """The text of a value of the profile, None for any other. Raises `CanonicalError` for a lone surrogate."""
    text = _quickly(value)
    if text is None and profile_mistake(value) is None:
        return _encoded(value)
    return text


def _quickly(value: object) -> bytes | None:
    """The text of a value that is certainly of the profile; None where that takes a closer look."""
    try:
        if _plain()(value) == value:
            text: bytes = _encode_sorted(value)
            return text if text.isascii() else None
    except (ValueError, TypeError, RecursionError):  # what it is, the closer look says
        pass
    return None


@cache
def _plain() -> Callable[[object], object]:
    """What copies a value of the profile, and refuses what certainly is none; made when first wanted, in a millisecond.

    A set comes out as a list, which no set is equal to; names that are not ASCII come through.
    """
    integer = Annotated[int, msgspec.Meta(ge=-SAFE_INTEGER, le=SAFE_INTEGER)]
    nested: object = str | integer | bool | None
    for _ in range(_QUICK_DEPTH):
        nested = str | integer | bool | None | list[nested] | dict[str, nested]  # type: ignore[valid-type]
    kind = msgspec.defstruct("Plain", [("value", nested)], gc=False)

    def copied(value: object) -> object:
        made: object = convert({"value": value}, kind).value  # type: ignore[attr-defined]  # its one field
        return made

    convert = msgspec.convert
    copied({})
    return copied


def _encoded(value: object) -> bytes:
    try:
        return _encode_sorted(value)
    except UnicodeEncodeError:
        raise CanonicalError("a string holds a lone surrogate") from None


def _write(value: object, inexact: Inexact, parts: list[str], depth: int) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_string(value))
    elif isinstance(value, int | float | Decimal):
        parts.append(_number(value, inexact))
    elif depth == 0:
        raise CanonicalError(f"it is nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, Mapping):
        _write_object(value, inexact, parts, depth)
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            parts.append(separator)
            _write(item, inexact, parts, depth - 1)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        raise CanonicalError(f"a value of type {type(value).__name__} is not JSON")


def _write_object(value: Mapping[object, object], inexact: Inexact, parts: list[str], depth: int) -> None:
    named: list[tuple[bytes, str, object]] = []
    for name, item in value.items():
        if not isinstance(name, str):
            raise CanonicalError(f"a name of type {type(name).__name__} is not JSON")
        named.append((name.encode("utf-16-be", "surrogatepass"), name, item))
    named.sort(key=lambda entry: entry[0])
    separator = "{"
    for _, name, item in named:
        parts.append(separator)
        parts.append(_string(name))
        parts.append(":")
        _write(item, inexact, parts, depth - 1)
        separator = ","
    parts.append("}" if named else "{}")


def _string(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CanonicalError("a string holds a lone surrogate") from None
    return f'"{text.translate(_ESCAPES)}"'


def _number(value: float | Decimal, inexact: Inexact) -> str:
    if isinstance(value, int) and -SAFE_INTEGER <= value <= SAFE_INTEGER:
        return str(int(value))
    exact = number_text(value)
    if isinstance(value, float):
        return exact
    nearest = _nearest_double_text(value)
    if nearest == exact:
        return exact
    match inexact:
        case "quote":
            return f'"{exact}"'
        case "keep":
            return exact
        case "round":
            if nearest is None:
                raise CanonicalError("a number is too large for a double")
            return nearest


def _nearest_double_text(value: int | Decimal) -> str | None:
    try:
        nearest = float(value)
        return number_text(nearest)
    except (OverflowError, CanonicalError):
        return None


def _exact(value: float | Decimal) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        if value.bit_length() > _MAX_INTEGER_BITS:
            raise CanonicalError(f"an integer has more than {_MAX_INTEGER_BITS} bits")
        return Decimal(value)
    return Decimal(float.__repr__(value))


def _laid_out(sign: bool, digits: str, point: int) -> str:
    """Writes significant digits without zeros at either end; `point` is the place of the decimal point from the left."""
    if not digits:
        return "0"
    minus = "-" if sign else ""
    count = len(digits)
    if count <= point <= 21:
        return minus + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    exponent = point - 1
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"
