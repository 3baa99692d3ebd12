"""The functions that every package has without an import, and what they take.

Each is generic, so its type is computed here from the types of its arguments. `min`, `max`, `first` and `last` of what may be
empty are optional: `max(xs) ?? 0`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.program.relations import ORDERED, has_equality, is_text, is_unknown, required
from tenetlang.program.types import Type

_NUMBERS = (t.INT, t.DECIMAL)


@frozen
class Intrinsic:
    """`takes` says it in words; `counts` are the numbers of arguments it can have; `result` is None for wrong types."""

    name: str
    takes: str
    counts: tuple[int, ...]
    result: Callable[[Sequence[Type]], Type | None]
    hints: tuple[Type | None, ...] = ()


def _count(types: Sequence[Type]) -> Type | None:
    collection = isinstance(types[0], t.ListType | t.SetType | t.MapType)
    return t.INT if collection or is_text(types[0]) else None


def _elements(type_: Type) -> Type | None:
    return type_.of if isinstance(type_, t.ListType | t.SetType) else None


def _sum(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    if isinstance(of, t.Never):
        return t.INT
    return of if of in (*_NUMBERS, t.DURATION) else None


def _extreme(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    if of is None:
        return None
    return t.OptionalType(of) if of in ORDERED or isinstance(of, t.UnionType) else None


def _booleans(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    return t.BOOL if of is t.BOOL or isinstance(of, t.Never) else None


def _keys(types: Sequence[Type]) -> Type | None:
    return t.SetType(types[0].key) if isinstance(types[0], t.MapType) else None


def _values(types: Sequence[Type]) -> Type | None:
    return t.ListType(types[0].of) if isinstance(types[0], t.MapType) else None


def _sort(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    return t.ListType(of) if of is not None and has_equality(of) else None


def _end(types: Sequence[Type]) -> Type | None:
    return t.OptionalType(types[0].of) if isinstance(types[0], t.ListType) else None


def _same_list(types: Sequence[Type]) -> Type | None:
    return types[0] if isinstance(types[0], t.ListType) else None


def _distinct(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    return t.ListType(of) if of is not None and has_equality(of) else None


def _flatten(types: Sequence[Type]) -> Type | None:
    match types[0]:
        case t.ListType(t.ListType(of) | t.SetType(of)):
            return t.ListType(of)
        case t.SetType(t.SetType() as inner):
            return inner
        case _:
            return None


def _contains(types: Sequence[Type]) -> Type | None:
    return t.BOOL if is_text(types[0]) and is_text(types[1]) else None


def _round(types: Sequence[Type]) -> Type | None:
    if types[0] not in _NUMBERS or types[1] is not t.INT:
        return None
    return t.DECIMAL if len(types) == 2 or is_text(types[2]) else None


def _floor_div(types: Sequence[Type]) -> Type | None:
    return t.INT if types[0] is t.INT and types[1] is t.INT else None


def _abs(types: Sequence[Type]) -> Type | None:
    return types[0] if types[0] in (*_NUMBERS, t.DURATION) else None


def _to_string(types: Sequence[Type]) -> Type | None:
    scalar = isinstance(types[0], t.Scalar) and types[0] not in (t.JSON, t.ARGUMENTS, t.GLOB, t.REGEX)
    return t.STRING if scalar or is_text(types[0]) else None


def _to_int(types: Sequence[Type]) -> Type | None:
    return t.INT if types[0] in (t.INT, t.DECIMAL) or is_text(types[0]) else None


def _to_decimal(types: Sequence[Type]) -> Type | None:
    return t.DECIMAL if types[0] in _NUMBERS or is_text(types[0]) else None


def _to_set(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    return t.SetType(of) if of is not None and has_equality(of) else None


def _to_list(types: Sequence[Type]) -> Type | None:
    of = _elements(types[0])
    return t.ListType(of) if of is not None else None


_MODE = t.UnionType(("ceiling", "down", "floor", "half_even", "half_up", "up"), "a way to round")

INTRINSICS: Mapping[str, Intrinsic] = {
    intrinsic.name: intrinsic
    for intrinsic in (
        Intrinsic("count", "a list, a set, a map or a string", (1,), _count),
        Intrinsic("sum", "a list or set of numbers or durations", (1,), _sum),
        Intrinsic("min", "a list or set of ordered values", (1,), _extreme),
        Intrinsic("max", "a list or set of ordered values", (1,), _extreme),
        Intrinsic("any", "a list or set of `bool`", (1,), _booleans),
        Intrinsic("all", "a list or set of `bool`", (1,), _booleans),
        Intrinsic("keys", "a map", (1,), _keys),
        Intrinsic("values", "a map", (1,), _values),
        Intrinsic("sort", "a list or set", (1,), _sort),
        Intrinsic("first", "a list", (1,), _end),
        Intrinsic("last", "a list", (1,), _end),
        Intrinsic("reverse", "a list", (1,), _same_list),
        Intrinsic("distinct", "a list or set", (1,), _distinct),
        Intrinsic("flatten", "a list of lists or sets, or a set of sets", (1,), _flatten),
        Intrinsic("contains", "a collection and a value, or two strings", (2,), _contains),
        Intrinsic(
            "round", "a number, places and perhaps a way to round", (2, 3), _round,
            hints=(t.DECIMAL, t.INT, _MODE),
        ),
        Intrinsic("floor_div", "two values of `int`", (2,), _floor_div, hints=(t.INT, t.INT)),
        Intrinsic("abs", "a number or a duration", (1,), _abs),
        Intrinsic("to_string", "a value without parts", (1,), _to_string),
        Intrinsic("to_int", "a number or a string", (1,), _to_int),
        Intrinsic("to_decimal", "a number or a string", (1,), _to_decimal),
        Intrinsic("to_set", "a list or set", (1,), _to_set),
        Intrinsic("to_list", "a list or set", (1,), _to_list),
    )
}  # fmt: skip
"""By name. `origin` is another word of the language, and is typed where paths are."""


def result_type(intrinsic: Intrinsic, types: Sequence[Type]) -> Type | None:
    """The type of a call with arguments of these types; None where it does not take them."""
    if is_unknown(*types):
        return t.Unknown()
    return intrinsic.result([required(type_) for type_ in types])
