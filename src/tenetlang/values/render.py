"""Values as JSON, as text for people, and as source text of Tenet.

`to_plain` gives what a decision, a trace and a record carry: decimals, times and durations are strings in
their one spelling, because JSON readers make binary floats of numbers with a point. Equal values give equal
results, down to the order of keys.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tenetlang.values.collections import JsonConstant, Map, Record
from tenetlang.values.faults import escaped
from tenetlang.values.network import Cidr, Ip
from tenetlang.values.numbers import decimal_text
from tenetlang.values.order import sorted_items, sorted_values
from tenetlang.values.patterns import Pattern
from tenetlang.values.times import Duration, Time, duration_text, time_text
from tenetlang.values.versions import Semver

Plain = bool | int | str | list["Plain"] | dict[str, "Plain"] | None
"""What every JSON serialiser writes the same way."""


def to_plain(value: object) -> Plain:
    """The value as JSON-ready Python. Sets are lists in canonical order; keys are sorted."""
    match value:
        case JsonConstant():
            return None if value is JsonConstant.NULL else value is JsonConstant.TRUE
        case bool():
            return value
        case Time():
            return time_text(value)
        case Duration():
            return duration_text(value)
        case int():
            return value
        case Decimal():
            return decimal_text(value)
        case str() | Ip() | Cidr() | Semver():
            return str(value)
        case Pattern():
            return value.source
        case tuple():
            return [to_plain(element) for element in value]
        case frozenset():
            return [to_plain(element) for element in sorted_values(value)]
        case Record() | Map():
            return {name: to_plain(element) for name, element in sorted_items(value)}
        case _:
            raise TypeError(f"{type(value).__name__} is not a value of the language")


def text(value: object) -> str:
    """The value as a template of `because` shows it: strings as they are, collections as compact JSON."""
    plain = to_plain(value)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode("utf-8")


def literal(value: object) -> str:
    """The value as Tenet source that reads back as the same value, where its type is known."""
    match value:
        case JsonConstant():
            return value.value
        case bool():
            return "true" if value else "false"
        case Time() | Duration():
            return str(value)
        case int() | Decimal():
            return decimal_text(value)
        case str() | Ip() | Cidr() | Semver():
            return string_literal(str(value))
        case Pattern():
            return string_literal(value.source)
        case tuple():
            return f"[{', '.join(map(literal, value))}]"
        case frozenset():
            return f"{{{', '.join(map(literal, sorted_values(value)))}}}"
        case Record():
            fields = [f"{_field(name)}: {literal(element)}" for name, element in sorted_items(value)]
        case Map():
            fields = [f"{string_literal(key)}: {literal(element)}" for key, element in sorted_items(value)]
        case _:
            raise TypeError(f"{type(value).__name__} is not a value of the language")
    return f"{{{', '.join(fields)}}}"


def string_literal(content: str) -> str:
    """The string in double quotes, with escapes for quotes, backslashes and all that is invisible."""
    return f'"{escaped(content)}"'


def _field(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else string_literal(name)
