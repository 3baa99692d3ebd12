"""From a parsed document to values of a type, or the reason why it is none. Each type is made into a function that reads a value as
one of the type or raises `Refused`; the readers of collections add where they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from tenetlang.targets.standalone.faults import PatternError, Refused, ValueFault, shown
from tenetlang.targets.standalone.matching import Pattern
from tenetlang.targets.standalone.network import parse_cidr, parse_email, parse_host, parse_ip
from tenetlang.targets.standalone.numbers import decimal_text, incoming_decimal
from tenetlang.targets.standalone.places import parse_path, parse_semver
from tenetlang.targets.standalone.times import parse_duration, parse_time
from tenetlang.targets.standalone.urls import parse_url
from tenetlang.targets.standalone.values import Map, Record, are_chosen, constant_of, from_json_value, to_json_value

Reader = Callable[[object], object]

MAXIMUM_CALLS = 1_000


def described(value: object) -> str:
    """What a JSON value is, in a few words, without its content."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, Decimal)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, dict) else "a list"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def read_bool(value: object) -> object:
    """A boolean."""
    if isinstance(value, bool):
        return value
    raise Refused(f"expected a bool, got {described(value)}")


def read_int(value: object) -> object:
    """A whole number."""
    if not _is_number(value):
        raise Refused(f"expected an int, got {described(value)}")
    if not isinstance(value, int):
        raise Refused("expected an int, got a number with a fraction")
    return value


def read_decimal(value: object) -> object:
    """A number with at most 18 digits before the point."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Refused(f"expected a decimal, got {described(value)}")
    try:
        return incoming_decimal(value)
    except ValueFault as fault:
        raise Refused(fault.detail) from None


def read_string(value: object) -> object:
    """A string."""
    if isinstance(value, str):
        return value
    raise Refused(f"expected a string, got {described(value)}")


def _parsed_reader(parse: Callable, wanted: str) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Refused(f"expected {wanted}, got {described(value)}")
        try:
            return parse(value)
        except ValueFault as fault:
            raise Refused(f"expected {wanted}: {fault.detail}") from None

    return read


def _pattern_reader(kind: str, wanted: str) -> Reader:
    def read(value: object) -> object:
        try:
            return Pattern(kind, str(read_string(value)), None)
        except PatternError as error:
            raise Refused(f"expected {wanted}: {error.reason}") from None

    return read


SCALAR_READERS: dict[str, Reader] = {
    "bool": read_bool,
    "int": read_int,
    "decimal": read_decimal,
    "string": read_string,
    "tool": read_string,
    "time": _parsed_reader(parse_time, "a time"),
    "duration": _parsed_reader(parse_duration, "a duration"),
    "ip": _parsed_reader(parse_ip, "an IP address"),
    "cidr": _parsed_reader(parse_cidr, "a CIDR block"),
    "url": _parsed_reader(parse_url, "a URL"),
    "email": _parsed_reader(parse_email, "an e-mail address"),
    "host": _parsed_reader(parse_host, "a host name"),
    "path": _parsed_reader(parse_path, "a path"),
    "semver": _parsed_reader(parse_semver, "a version"),
    "glob": _pattern_reader("glob", "a glob"),
    "regex": _pattern_reader("regex", "a regular expression"),
    "json": to_json_value,
    "arguments": to_json_value,
    "verdict": _parsed_reader(str, "a verdict"),
}


def reader_of(type_: dict, tools: Mapping[str, dict], *, strict: bool) -> Reader:
    """The reader of a type. `strict`: fields that a record does not declare are refused, not dropped."""
    kind = type_["is"]
    if kind == "Scalar":
        return SCALAR_READERS[type_["name"]]
    if kind == "UnionType":
        return _union_reader(type_["literals"])
    if kind == "OptionalType":
        return reader_of(type_["of"], tools, strict=strict)
    if kind in {"ListType", "SetType"}:
        of = type_["of"]
        history = of["is"] == "RecordType" and _arguments_field(of) is not None
        make = tuple if kind == "ListType" else frozenset if of["is"] == "Scalar" else _set_of
        return _sequence_reader(reader_of(of, tools, strict=strict), make, MAXIMUM_CALLS if history else None)
    if kind == "MapType":
        return _map_reader(reader_of(type_["key"], tools, strict=strict), reader_of(type_["of"], tools, strict=strict))
    if kind == "RecordType":
        return record_reader(type_, tools, strict=strict)
    return _read_nothing


def narrowing(wanted: dict, tools: Mapping[str, dict]) -> Callable[[object], object | None]:
    """A function that reads a value of type `json`, or an earlier call's arguments, as `wanted`; None where it is none."""
    read = reader_of(wanted, tools, strict=True)

    def narrowed(value: object) -> object | None:
        if isinstance(value, Record):
            return value
        try:
            return read(from_json_value(value))
        except Refused:
            return None

    return narrowed


def _read_nothing(value: object) -> object:
    raise Refused(f"no value is expected here, got {described(value)}")


def _union_reader(literals: list) -> Reader:
    allowed = frozenset(literals)
    names = ", ".join(map(shown, literals[:8])) + (", \u2026" if len(literals) > 8 else "")
    wanted = names if len(literals) == 1 else f"one of {names}"

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Refused(f"expected {wanted}, got {described(value)}")
        if value not in allowed:
            raise Refused(f"expected {wanted}, got {shown(value)}")
        return value

    return read


def _set_of(members: Iterable) -> frozenset:
    """A set of lists, sets or records, whose hashes may have been chosen."""
    listed = tuple(members)
    if are_chosen(listed):
        raise Refused("many members were chosen to have the same hash")
    return frozenset(listed)


def _sequence_reader(read_item: Reader, make: Callable, most: int | None) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, list):
            raise Refused(f"expected a list, got {described(value)}")
        if most is not None and len(value) > most:
            raise Refused(f"at most {most} are taken, got {len(value)}")
        items: list = []
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
        items = {}
        for key in sorted(value):
            try:
                items[str(read_key(key))] = read_item(value[key])
            except Refused as refused:
                raise refused.within(key) from None
        return Map(items)

    return read


def _is_scalar(type_: dict, name: str) -> bool:
    return type_["is"] == "Scalar" and type_["name"] == name


def _arguments_field(type_: dict) -> dict | None:
    return next((field for field in type_["fields"] if _is_scalar(field["type"], "arguments")), None)


def record_reader(type_: dict, tools: Mapping[str, dict], *, strict: bool) -> Reader:
    """The reader of a record, or of an earlier call."""
    if _arguments_field(type_) is not None:
        return _call_reader(type_, tools, strict=strict)
    fields = [
        (
            field["name"],
            refined_reader(reader_of(field["type"], tools, strict=strict), field.get("refinement")),
            field.get("optional", False),
        )
        for field in sorted(type_["fields"], key=lambda field: str(field["name"]))
    ]
    names = frozenset(name for name, _, _ in fields)

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Refused(f"expected an object, got {described(value)}")
        if strict and not value.keys() <= names:
            raise Refused("nothing of this name is declared").within(min(value.keys() - names))
        items = {}
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


def _call_reader(type_: dict, tools: Mapping[str, dict], *, strict: bool) -> Reader:
    """An earlier call: its arguments must fit its tool where that is declared, and are dropped where it is not."""
    tool_name = next(field["name"] for field in type_["fields"] if _is_scalar(field["type"], "tool"))
    arguments_name = next(field["name"] for field in type_["fields"] if _is_scalar(field["type"], "arguments"))
    rest = {**type_, "fields": [field for field in type_["fields"] if field["name"] != arguments_name]}
    read_rest = record_reader(rest, tools, strict=strict)
    readers: dict[str, Reader] = {}

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Refused(f"expected an object, got {described(value)}")
        record = read_rest({name: item for name, item in value.items() if name != arguments_name})
        assert isinstance(record, Record)
        tool = str(record[tool_name])
        if arguments_name not in value or tool not in tools:
            return record
        if tool not in readers:
            readers[tool] = record_reader(tools[tool], tools, strict=True)
        try:
            return Record({**record, arguments_name: readers[tool](value[arguments_name])})
        except Refused as refused:
            raise refused.within(arguments_name) from None

    return read


def refined_reader(read: Reader, refinement: dict | None) -> Reader:
    """The reader, which refuses what does not keep to the refinement as well."""
    if refinement is None:
        return read
    minimum, maximum = constant_of(refinement.get("minimum")), constant_of(refinement.get("maximum"))
    source = refinement.get("pattern")
    pattern = None if source is None else Pattern("regex", source, None)

    def read_refined(value: object) -> object:
        found = read(value)
        if isinstance(found, (int, Decimal)) and not isinstance(found, bool):
            if isinstance(minimum, (int, Decimal)) and found < minimum:
                raise Refused(f"must be at least {decimal_text(minimum)}")
            if isinstance(maximum, (int, Decimal)) and found > maximum:
                raise Refused(f"must be at most {decimal_text(maximum)}")
        if isinstance(found, str):
            if pattern is not None and not pattern.matches(found):
                raise Refused(f"must match {shown(pattern.source)}")
            _check_bounds(len(found), refinement.get("length"), "characters")
        if isinstance(found, (tuple, frozenset, dict)):
            _check_bounds(len(found), refinement.get("items"), "items")
        return found

    return read_refined


def _check_bounds(size: int, bounds: list | None, of: str) -> None:
    if bounds is not None and not bounds[0] <= size <= bounds[1]:
        raise Refused(f"must have {bounds[0]} to {bounds[1]} {of}, has {size}")
