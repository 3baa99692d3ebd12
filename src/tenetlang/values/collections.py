"""Collections, and the values of the type `json`.

A list is a Python `tuple` and a set a `frozenset`. `Record` and `Map` are dicts that hash and never change:
a hash is computed only where one is asked for, because most records are only read. An optional field that
is absent is a key that is absent.

A value of type `json` is made of other Python objects than JSON decoded by a library. In Python `True == 1`,
so a set that holds both would lose one, and `1 == true` would hold. JSON's `true`, `false` and `null` are
therefore constants of their own, equal to nothing but themselves.

    null true false  NULL JSON_TRUE JSON_FALSE      a list    tuple
    a number         int if whole, else Decimal     an object  Map
    a string         str

Equality throughout is Python's `==`, between types that share a value; the compiler lets no others meet.
Records and maps do not depend on the order of their keys, `1` and `1.0` are one value, `1 == true` is false.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Final, NoReturn

from tenetlang.values.faults import bad_input, shown
from tenetlang.values.numbers import int_result, number_from_decimal, number_from_float

MAX_DEPTH: Final = 32
"""How deep lists and objects of JSON may be nested."""


class _Frozen(dict[str, object]):
    """A dict that hashes by value and refuses to change."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has no hash, says its type
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (dict(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} does not change")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse


class Record(_Frozen):
    """The fields of a record by name; an optional field that is absent has no key. Never changes."""

    __slots__ = ()


class Map(_Frozen):
    """A `map[string, T]`, or an object of JSON. Never changes."""

    __slots__ = ()


class JsonConstant(Enum):
    """The three constants of JSON, as values of type `json`."""

    NULL = "null"
    FALSE = "false"
    TRUE = "true"

    def __bool__(self) -> bool:
        return self is JsonConstant.TRUE

    def __repr__(self) -> str:
        return self.value


NULL: Final = JsonConstant.NULL
JSON_FALSE: Final = JsonConstant.FALSE
JSON_TRUE: Final = JsonConstant.TRUE

JsonValue = JsonConstant | int | Decimal | str | tuple["JsonValue", ...] | Map
"""A value of type `json`."""


def is_text(text: str) -> bool:
    """Whether a Python string is a string of the language: Unicode code points without lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def to_json_value(document: object) -> JsonValue:
    """A decoded JSON document as a value of type `json`.

    Takes what `reading.read_json` and other decoders give: `None`, `bool`, `int`, `float`, `Decimal`, `str`,
    lists, tuples, and dicts with string keys. `bad_input` for other objects, for numbers outside the limits,
    for lone surrogates, and for nesting deeper than 32.
    """
    return _to_json_value(document, MAX_DEPTH)


def _to_json_value(document: object, depth: int) -> JsonValue:
    # Exact types: a Time is an int too, and a subclass of str may answer as it likes.
    kind = type(document)
    if kind is str:
        assert isinstance(document, str)
        if is_text(document):
            return document
        raise bad_input("a string has half of a surrogate pair")
    if isinstance(document, JsonConstant):
        return document
    if document is None:
        return NULL
    if isinstance(document, bool):
        return JSON_TRUE if document else JSON_FALSE
    if isinstance(document, int) and kind is int:
        return int_result(document)
    if isinstance(document, float) and kind is float:
        return number_from_float(document)
    if isinstance(document, Decimal) and kind is Decimal:
        return number_from_decimal(document)
    if depth == 0:
        raise bad_input(f"lists and objects are nested deeper than {MAX_DEPTH}")
    if isinstance(document, list | tuple) and kind in (list, tuple):
        return tuple(_to_json_value(element, depth - 1) for element in document)
    if isinstance(document, dict) and kind in (dict, Map):
        return Map({_key(key): _to_json_value(element, depth - 1) for key, element in document.items()})
    raise bad_input(f"{shown(kind.__name__)} is not a type of JSON")


def _key(key: object) -> str:
    if type(key) is str and is_text(key):
        return key
    raise bad_input("the keys of an object are strings without half of a surrogate pair")


def from_json_value(value: object) -> object:
    """The document that a value of type `json` stands for: `None`, `bool`, `int`, `Decimal`, `str`, list, dict."""
    match value:
        case JsonConstant.NULL:
            return None
        case JsonConstant():
            return value is JSON_TRUE
        case tuple():
            return [from_json_value(element) for element in value]
        case Map():
            return {key: from_json_value(element) for key, element in value.items()}
        case _:
            return value


def concatenated(left: str | tuple[object, ...], right: str | tuple[object, ...]) -> str | tuple[object, ...]:
    """`left + right` on two strings or two lists."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    raise TypeError("a string and a list have no sum")
