"""Values of the language in the JSON form of a policy.

Texts and booleans are themselves, whole numbers too as far as every reader of JSON has them exactly; all else is an
object with one key, the kind: `{"decimal": "50.5"}`, `{"time": "2027-01-01T00:00:00Z"}`, `{"set": […]}`. Each value has
one spelling, and reading accepts no other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from tenetlang.values.collections import JsonConstant, Map, Record
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Cidr, Email, Host, Ip
from tenetlang.values.numbers import INT_MAX, INT_MIN, decimal_text, parse_decimal
from tenetlang.values.order import sorted_items, sorted_values
from tenetlang.values.parsing import PARSERS
from tenetlang.values.paths import Path
from tenetlang.values.patterns import Pattern, PatternError, compile_glob, compile_regex
from tenetlang.values.times import Duration, Time
from tenetlang.values.urls import Url
from tenetlang.values.versions import Semver

_PARSED: Final[Mapping[type, str]] = {
    Time: "time", Duration: "duration", Ip: "ip", Cidr: "cidr", Host: "host", Email: "email", Url: "url",
    Path: "path", Semver: "semver",
}  # fmt: skip

EXACT: Final = 2**53 - 1
"""Whole numbers up to this are exact in every reader of JSON."""


class ValueFormatError(ValueError):
    """What stands where a value should is none."""


def encode_value(value: object) -> object:
    """The value as JSON."""
    kind = _PARSED.get(type(value))
    if kind is not None:
        return {kind: str(value)}
    match value:
        case bool() | str():
            return value
        case int():
            return value if -EXACT <= value <= EXACT else {"int": str(value)}
        case Decimal():
            return {"decimal": decimal_text(value)}
        case JsonConstant():
            return {"json": value.value}
        case tuple():
            return {"list": [encode_value(item) for item in value]}
        case frozenset():
            return {"set": [encode_value(item) for item in sorted_values(value)]}
        case Record():
            return {"record": {name: encode_value(item) for name, item in sorted_items(value)}}
        case Map():
            return {"map": {name: encode_value(item) for name, item in sorted_items(value)}}
        case Pattern(kind="glob"):
            return {"glob": [value.source, value.separator]}
        case Pattern():
            return {"regex": value.source}
        case _:
            pass
    raise TypeError(f"{type(value).__name__} is no value of a policy")


def value_text(value: object) -> str:
    """The value as canonical JSON: ASCII without spaces, keys sorted."""
    return json.dumps(encode_value(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def decode_value(form: object) -> object:
    """The value that the JSON stands for. Raises `ValueFormatError`."""
    if isinstance(form, bool | str):
        return form
    if isinstance(form, int):
        if -EXACT <= form <= EXACT:
            return form
        raise ValueFormatError("a large number is written as text")
    if not isinstance(form, dict) or len(form) != 1:
        raise ValueFormatError("not a value")
    kind, content = next(iter(form.items()))
    try:
        value = _decode(kind, content)
    except (ValueFault, PatternError) as problem:
        raise ValueFormatError(f"no {kind}: {problem}") from None
    if value is None or encode_value(value) != form:
        raise ValueFormatError("not the one spelling of a value")
    return value


def _decode(kind: str, content: object) -> object | None:
    match kind, content:
        case "int", str() if len(content) <= 20:
            return _large_int(content)
        case "decimal", str():
            return _decimal(content)
        case "json", str() if content in {"null", "true", "false"}:
            return JsonConstant(content)
        case "list", list():
            return tuple(decode_value(item) for item in content)
        case "set", list():
            return frozenset(decode_value(item) for item in content)
        case "record", dict():
            return Record({name: decode_value(item) for name, item in content.items()})
        case "map", dict():
            return Map({name: decode_value(item) for name, item in content.items()})
        case "glob", [str() as source, None | str() as separator]:
            return compile_glob(source, separator)
        case "regex", str():
            return compile_regex(content)
        case _, str() if kind in PARSERS:
            return PARSERS[kind](content)
    return None


def _large_int(content: str) -> int | None:
    if not content.removeprefix("-").isdigit() or not content.isascii():
        return None
    number = int(content)
    return number if INT_MIN <= number <= INT_MAX and abs(number) > EXACT else None


def _decimal(content: str) -> Decimal | None:
    """A constant may be computed, so it has up to 64 digits, more than a decimal that is read."""
    digits = content.removeprefix("-").replace(".", "", 1)
    if not content.isascii() or not digits.isdigit() or len(digits) > 130:
        return parse_decimal(content)
    return Decimal(content)
