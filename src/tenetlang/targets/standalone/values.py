"""The values of the language while a policy runs, their order, and how they are shown.

    bool bool   int int   string str   decimal decimal.Decimal   list tuple   set frozenset   record Record   map Map
    time, duration, ip, cidr, host, email, url, path, semver: the class of that name
    json: JsonConstant, int, Decimal, str, tuple, Map

In Python `True == 1`, so a set that holds both would lose one. JSON's constants are therefore objects of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import itemgetter

from tenetlang.targets.standalone.faults import ValueFault, bad_input, shown
from tenetlang.targets.standalone.matching import Pattern
from tenetlang.targets.standalone.network import Cidr, Email, Host, Ip, parse_cidr, parse_email, parse_host, parse_ip
from tenetlang.targets.standalone.numbers import decimal_text, integer_result, number_from_decimal, number_from_float
from tenetlang.targets.standalone.places import Path, Semver, parse_path, parse_semver, precedence_of
from tenetlang.targets.standalone.times import Duration, Time, duration_text, parse_duration, parse_time, time_text
from tenetlang.targets.standalone.urls import Url, parse_url


class _Frozen(dict):
    """A dict that hashes by value; nothing here changes one once it is made."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has no hash, says its type
        return hash(frozenset(self.items()))


class Record(_Frozen):
    """The fields of a record by name; an optional field that is absent has no key."""

    __slots__ = ()


class Map(_Frozen):
    """A `map[string, T]`, or an object of JSON."""

    __slots__ = ()


class JsonConstant:
    """JSON's `null`, `true` and `false`, equal to nothing but themselves."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __bool__(self) -> bool:
        return self.text == "true"


NULL = JsonConstant("null")
JSON_FALSE = JsonConstant("false")
JSON_TRUE = JsonConstant("true")

# The canonical order

_NATURAL = {bool, int, str, Decimal, Time, Duration, Host, Email, Url, Path}
"""The types whose `<` in Python is already the canonical order."""


def sort_key(value: object) -> tuple:
    """A tuple that compares, with those of other values, as the values do in canonical order."""
    if isinstance(value, JsonConstant):
        return ({"null": 0, "false": 1, "true": 2}[value.text],)
    if isinstance(value, bool):
        return (2 if value else 1,)
    if isinstance(value, (int, Decimal)):
        return (3, value)
    if isinstance(value, str):
        return (4, value)
    if isinstance(value, tuple):
        return (5, tuple(map(sort_key, value)))
    if isinstance(value, dict):
        return (6, tuple((name, sort_key(value[name])) for name in sorted(value)))
    if isinstance(value, Ip):
        return (7, value.key)
    if isinstance(value, Cidr):
        return (8, value.key)
    if isinstance(value, Semver):
        return (9, precedence_of(value))
    if isinstance(value, frozenset):
        return (10, tuple(sorted(map(sort_key, value))))
    raise TypeError(f"{type(value).__name__} is not a value of the language")


def sorted_values(values: Iterable) -> list:
    """The values in canonical order."""
    listed = list(values)
    kinds = set(map(type, listed))
    if len(kinds) == 1 and kinds <= _NATURAL:
        listed.sort()
    elif len(listed) > 1:
        listed.sort(key=sort_key)
    return listed


def sorted_items(collection: Mapping) -> list:
    """The fields of a record, or the entries of a map, by name."""
    return sorted(collection.items(), key=itemgetter(0))


# How values are shown


def to_plain(value: object) -> object:
    """The value as JSON-ready Python. Sets are lists in canonical order; keys are sorted."""
    if isinstance(value, JsonConstant):
        return None if value is NULL else value is JSON_TRUE
    if isinstance(value, bool):
        return value
    if isinstance(value, Time):
        return time_text(value)
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, tuple):
        return [to_plain(element) for element in value]
    if isinstance(value, frozenset):
        return [to_plain(element) for element in sorted_values(value)]
    if isinstance(value, dict):
        return {name: to_plain(element) for name, element in sorted_items(value)}
    if isinstance(value, Pattern):
        return value.source
    return str(value)


def json_text(document: object) -> str:
    """JSON without spaces, members of objects in the order in which they are."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def rendered(value: object) -> str:
    """The value as a template of `because` shows it: strings as they are, collections as compact JSON."""
    plain = to_plain(value)
    return plain if isinstance(plain, str) else json_text(plain)


# Values of type `json`


def to_json_value(document: object) -> object:
    """A document that was read as a value of type `json`."""
    if document is None:
        return NULL
    if isinstance(document, bool):
        return JSON_TRUE if document else JSON_FALSE
    if isinstance(document, list):
        return tuple(map(to_json_value, document))
    if isinstance(document, dict):
        return Map({key: to_json_value(element) for key, element in document.items()})
    return document


def from_json_value(value: object) -> object:
    """The document that a value of type `json` stands for."""
    if isinstance(value, JsonConstant):
        return None if value is NULL else value is JSON_TRUE
    if isinstance(value, tuple):
        return list(map(from_json_value, value))
    if isinstance(value, Map):
        return {key: from_json_value(element) for key, element in value.items()}
    return value


# Members of a set that were chosen to have one hash

MOST_OF_A_HASH = 100
"""So many different values may have one hash."""


def are_chosen(members: tuple) -> bool:
    """Whether more different members than `MOST_OF_A_HASH` have one hash."""
    if len(members) <= MOST_OF_A_HASH:
        return False
    by_hash: dict[int, list] = {}
    for member in members:
        by_hash.setdefault(hash(member), []).append(member)
    most = [equals for equals in by_hash.values() if len(equals) > MOST_OF_A_HASH]
    # Told apart by their texts, whose hashes nobody knows: one value may be there many times.
    return any(len({json_text(to_plain(member)) for member in equals}) > MOST_OF_A_HASH for equals in most)


def set_of(members: Iterable) -> frozenset:
    """The set of these members; `too_much_work` where many were chosen to have one hash."""
    listed = tuple(members)
    if are_chosen(listed):
        raise ValueFault("too_much_work", "many members were chosen to have the same hash")
    return frozenset(listed)


# How much a quantifier's block goes through without a quantifier of its own: sixteen members count as one that is tried.

_WITH_MEMBERS = (str, tuple, frozenset, dict)


def size_of_value(value: object) -> int:
    """How many members a value has, those of its members and the characters of its strings included."""
    if isinstance(value, str):
        return len(value) // 16
    if isinstance(value, (tuple, frozenset)):
        return len(value) + sum([size_of_value(member) for member in value if isinstance(member, _WITH_MEMBERS)])
    if isinstance(value, dict):
        return len(value) + sum([size_of_value(member) for member in value.values()])
    return 0


def work_of(*values: object) -> int:
    """How many members of a quantifier it counts for that an expression goes through these values."""
    return sum(map(size_of_value, values)) // 16


# Constants of a policy in its JSON form

PARSERS: dict[str, Callable[[str], object]] = {
    "time": parse_time,
    "duration": parse_duration,
    "ip": parse_ip,
    "cidr": parse_cidr,
    "host": parse_host,
    "email": parse_email,
    "url": parse_url,
    "path": parse_path,
    "semver": parse_semver,
}


def constant_of(form: object) -> object:
    """The value that the JSON form of a constant stands for."""
    if not isinstance(form, dict):
        return form
    ((kind, content),) = form.items()
    if kind == "int":
        return int(content)
    if kind == "decimal":
        return Decimal(content)
    if kind == "json":
        return {"null": NULL, "true": JSON_TRUE, "false": JSON_FALSE}[content]
    if kind == "list":
        return tuple(map(constant_of, content))
    if kind == "set":
        return frozenset(map(constant_of, content))
    if kind in {"record", "map"}:
        entries = {name: constant_of(item) for name, item in content.items()}
        return Record(entries) if kind == "record" else Map(entries)
    if kind == "glob":
        return Pattern("glob", content[0], content[1])
    if kind == "regex":
        return Pattern("regex", content, None)
    return PARSERS[kind](content)


def number_that_came(value: object) -> object:
    """A number that a program holds, as JSON would have brought it; `bad_input` for what is none."""
    if type(value) is float:
        return number_from_float(value)
    if type(value) is Decimal:
        return number_from_decimal(value)
    if type(value) is int:
        return integer_result(value)
    raise bad_input(f"{shown(type(value).__name__)} is not a type that a request can hold")
