"""For each type, the function that reads a JSON value as a value of the type, or refuses it.

A reader takes what `tenetlang.values.reading` gives: `dict`, `list`, `str`, `int`, `Decimal`, `bool` and `None`, within
the limits. It raises `Refused` with what it wanted; the readers of collections add where they were, so that the message
has the whole path and costs nothing while all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

import attrs

from tenetlang.program import types as t
from tenetlang.program.program import Tool
from tenetlang.values.collections import Map, Record, from_json_value, to_json_value
from tenetlang.values.faults import ValueFault, shown
from tenetlang.values.hashing import are_chosen
from tenetlang.values.network import parse_cidr, parse_email, parse_host, parse_ip
from tenetlang.values.numbers import decimal_text, incoming_decimal, int_result
from tenetlang.values.paths import parse_path
from tenetlang.values.pattern_syntax import PatternError
from tenetlang.values.patterns import compile_glob, compile_regex
from tenetlang.values.reading import path_text
from tenetlang.values.times import parse_duration, parse_time
from tenetlang.values.urls import parse_url
from tenetlang.values.versions import parse_semver

Reader: TypeAlias = Callable[[object], object]

_SMALL = 10**15
"""A whole number below is a decimal without a further look."""

MAXIMUM_CALLS = 1000
"""Earlier calls that a session may bring."""


class Refused(Exception):
    """A value that does not fit: what is wrong, and the steps to it from the outermost reader."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str | int] = []

    def within(self, *steps: str | int) -> Refused:
        """The same, found further in: the steps from the inside out."""
        self.steps += steps
        return self

    @property
    def path(self) -> str:
        """The place, as in `args.to[2]`."""
        return path_text(self.steps[::-1])


def described(value: object) -> str:
    """What a JSON value is, in a few words, without its content."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | Decimal():
            return "a number"
        case str():
            return "a string"
        case dict():
            return "an object"
        case _:
            return "a list"


def reader(type_: t.Type, tools: Mapping[str, Tool], *, strict: bool) -> Reader:
    """The reader of the type. `strict`: fields that a record does not declare are refused, not dropped."""
    match type_:
        case t.Scalar(name):
            return _SCALARS[name]
        case t.UnionType(literals):
            return _union_reader(literals)
        case t.OptionalType(of):
            return reader(of, tools, strict=strict)
        case t.ListType(of) | t.SetType(of):
            history = isinstance(of, t.RecordType) and any(field.type == t.ARGUMENTS for field in of.fields)
            make = tuple if isinstance(type_, t.ListType) else frozenset if isinstance(of, t.Scalar) else _set_of
            return _sequence_reader(reader(of, tools, strict=strict), make, MAXIMUM_CALLS if history else None)
        case t.MapType(key, of):
            return _map_reader(reader(key, tools, strict=strict), reader(of, tools, strict=strict))
        case t.RecordType():
            return record_reader(type_, tools, strict=strict)
        case t.Never() | t.Unknown():
            return _nothing


def narrowed(tools: Mapping[str, Tool], value: object, wanted: t.Type) -> object | None:
    """A value of type `json`, or an earlier call's arguments (typed already), read as `wanted`; None where it is none."""
    if isinstance(value, Record):
        return value
    try:
        return reader(wanted, tools, strict=True)(from_json_value(value))
    except Refused:
        return None


def _nothing(value: object) -> object:
    raise Refused(f"no value is expected here, got {described(value)}")


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Refused(f"expected a bool, got {described(value)}")


def _int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(f"expected an int, got {described(value)}")
    if not isinstance(value, int):
        raise Refused("expected an int, got a number with a fraction")
    return int_result(value)


def _decimal(value: object) -> Decimal:
    if type(value) is int and -_SMALL < value < _SMALL:
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(f"expected a decimal, got {described(value)}")
    try:
        return incoming_decimal(value)
    except ValueFault as fault:
        raise Refused(fault.detail) from None


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise Refused(f"expected a string, got {described(value)}")


def _parsed(parse: Callable[[str], object], wanted: str) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Refused(f"expected {wanted}, got {described(value)}")
        try:
            return parse(value)
        except ValueFault as fault:
            raise Refused(f"expected {wanted}: {fault.detail}") from None

    return read


def _pattern(compile_text: Callable[[str], object], wanted: str) -> Reader:
    def read(value: object) -> object:
        try:
            return compile_text(_string(value))
        except PatternError as error:
            raise Refused(f"expected {wanted}: {error.reason}") from None

    return read


_SCALARS: Mapping[str, Reader] = {
    "bool": _bool,
    "int": _int,
    "decimal": _decimal,
    "string": _string,
    "tool": _string,
    "time": _parsed(parse_time, "a time"),
    "duration": _parsed(parse_duration, "a duration"),
    "ip": _parsed(parse_ip, "an IP address"),
    "cidr": _parsed(parse_cidr, "a CIDR block"),
    "url": _parsed(parse_url, "a URL"),
    "email": _parsed(parse_email, "an e-mail address"),
    "host": _parsed(parse_host, "a host name"),
    "path": _parsed(parse_path, "a path"),
    "semver": _parsed(parse_semver, "a version"),
    "glob": _pattern(lambda text: compile_glob(text, None), "a glob"),
    "regex": _pattern(compile_regex, "a regular expression"),
    "json": to_json_value,
    "arguments": to_json_value,
    "verdict": _parsed(lambda text: text, "a verdict"),
}


def _union_reader(literals: tuple[str, ...]) -> Reader:
    allowed = frozenset(literals)
    names = ", ".join(shown(literal) for literal in literals[:8]) + (", …" if len(literals) > 8 else "")

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Refused(f"expected {names if len(literals) == 1 else 'one of ' + names}, got {described(value)}")
        if value not in allowed:
            raise Refused(f"expected {names if len(literals) == 1 else 'one of ' + names}, got {shown(value)}")
        return value

    return read


def _set_of(members: Iterable[object]) -> frozenset[object]:
    """A set of lists, sets or records. How Python hashes those of numbers is known, so many can be chosen to have one hash."""
    listed = tuple(members)
    if are_chosen(listed):
        raise Refused("many members were chosen to have the same hash")
    return frozenset(listed)


def _sequence_reader(read_item: Reader, make: Callable[[Iterable[object]], object], most: int | None) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, list):
            raise Refused(f"expected a list, got {described(value)}")
        if most is not None and len(value) > most:
            raise Refused(f"at most {most} are taken, got {len(value)}")
        items: list[object] = []
        for position, item in enumerate(value):
            try:
                items.append(read_item(item))
            except Refused as refused:
                raise refused.within(position) from None
        return make(items)

    return read


def _map_reader(read_key: Reader, read_item: Reader) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Refused(f"expected an object, got {described(value)}")
        items: dict[str, object] = {}
        for key in sorted(value):
            try:
                items[str(read_key(key))] = read_item(value[key])
            except Refused as refused:
                raise refused.within(key) from None
        return Map(items)

    return read


def record_reader(type_: t.RecordType, tools: Mapping[str, Tool], *, strict: bool) -> Reader:
    if any(field.type == t.ARGUMENTS for field in type_.fields):
        return _call_reader(type_, tools, strict=strict)
    fields = tuple(
        (field.name, refined(reader(field.type, tools, strict=strict), field.refinement), field.optional)
        for field in sorted(type_.fields, key=lambda field: field.name)
    )
    names = frozenset(name for name, _, _ in fields)

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Refused(f"expected an object, got {described(value)}")
        if strict and not value.keys() <= names:
            raise Refused("nothing of this name is declared").within(min(value.keys() - names))
        items: dict[str, object] = {}
        name = ""
        try:
            for name, read_field, optional in fields:
                if name in value:
                    items[name] = read_field(value[name])
                elif not optional:
                    raise Refused("required, and missing")
        except Refused as refused:
            raise refused.within(name) from None
        return Record(items)

    return read


def _call_reader(type_: t.RecordType, tools: Mapping[str, Tool], *, strict: bool) -> Reader:
    """An earlier call: its arguments must fit its tool where that is declared, and are dropped where it is not."""
    tool_field = next(field.name for field in type_.fields if field.type == t.TOOL)
    arguments_field = next(field.name for field in type_.fields if field.type == t.ARGUMENTS)
    rest = attrs.evolve(type_, fields=tuple(field for field in type_.fields if field.name != arguments_field))
    read_rest = record_reader(rest, tools, strict=strict)
    arguments: dict[str, Reader] = {}

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Refused(f"expected an object, got {described(value)}")
        record = read_rest({name: item for name, item in value.items() if name != arguments_field})
        assert isinstance(record, Record)
        tool = str(record[tool_field])
        if arguments_field not in value or tool not in tools:
            return record
        if tool not in arguments:
            arguments[tool] = record_reader(tools[tool].parameters, tools, strict=True)
        try:
            return Record({**record, arguments_field: arguments[tool](value[arguments_field])})
        except Refused as refused:
            raise refused.within(arguments_field) from None

    return read


def refined(read: Reader, refinement: t.Refinement | None) -> Reader:
    """The reader, which refuses what does not keep to the refinement as well."""
    if refinement is None:
        return read
    pattern = None if refinement.pattern is None else compile_regex(refinement.pattern)

    def read_refined(value: object) -> object:
        found = read(value)
        if isinstance(found, int | Decimal) and not isinstance(found, bool):
            if refinement.minimum is not None and found < refinement.minimum:
                raise Refused(f"must be at least {decimal_text(refinement.minimum)}")
            if refinement.maximum is not None and found > refinement.maximum:
                raise Refused(f"must be at most {decimal_text(refinement.maximum)}")
        if isinstance(found, str):
            if pattern is not None and not pattern.matches(found):
                raise Refused(f"must match {shown(pattern.source)}")
            _bounded(len(found), refinement.length, "characters")
        if isinstance(found, tuple | frozenset | dict):
            _bounded(len(found), refinement.items, "items")
        return found

    return read_refined


def _bounded(size: int, bounds: tuple[int, int] | None, of: str) -> None:
    if bounds is not None and not bounds[0] <= size <= bounds[1]:
        raise Refused(f"must have {bounds[0]} to {bounds[1]} {of}, has {size}")
