"""Annotations: the author's own are data, those that the language knows are held to their form.

`KNOWN` says of each known annotation where it may stand and what it takes. Refinements (`@min`, `@pattern`, …) become part of
the field they stand before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import attrs

from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.program.notes import Notes
from tenetlang.program.program import Annotation, AnnotationValue
from tenetlang.syntax import tree
from tenetlang.values import numbers, times
from tenetlang.values.faults import ValueFault
from tenetlang.values.patterns import PatternError, compile_regex

Place: TypeAlias = Literal["rule", "package", "tool", "field", "parameter", "obligation", "declaration"]

_PLACES: Mapping[Place, str] = {
    "rule": "a rule", "package": "a package", "tool": "a tool", "field": "a parameter or a field",
    "parameter": "a parameter of a function", "obligation": "an obligation", "declaration": "this declaration",
}  # fmt: skip


@frozen
class Known:
    """Where an annotation of the language belongs, and what it takes."""

    places: tuple[Place, ...]
    takes: str
    accepts: Callable[[tuple[AnnotationValue, ...]], bool]


def _nothing(values: tuple[AnnotationValue, ...]) -> bool:
    return not values


def _one_text(values: tuple[AnnotationValue, ...]) -> bool:
    return len(values) == 1 and isinstance(values[0], str)


def _texts(values: tuple[AnnotationValue, ...]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)


def _one_int(values: tuple[AnnotationValue, ...]) -> bool:
    return len(values) == 1 and isinstance(values[0], int) and not isinstance(values[0], bool)


def _anything(values: tuple[AnnotationValue, ...]) -> bool:
    del values
    return True


_EVERYWHERE: tuple[Place, ...] = ("rule", "package", "tool", "obligation", "declaration", "field", "parameter")
_REFINES: tuple[Place, ...] = ("field",)

KNOWN: Mapping[str, Known] = {
    "owner": Known(_EVERYWHERE, "one string", _one_text),
    "ref": Known(_EVERYWHERE, "one string or more", _texts),
    "priority": Known(("rule",), "one whole number", _one_int),
    "expires": Known(("rule",), "one date", _one_text),
    "overridable": Known(("rule",), "no arguments", _nothing),
    "audit": Known(("rule", "package", "tool"), "anything", _anything),
    "observe": Known(("rule", "package"), "no arguments", _nothing),
    "single": Known(("obligation",), "no arguments", _nothing),
    "reads": Known(("tool",), "no arguments", _nothing),
    "writes": Known(("tool",), "no arguments", _nothing),
    "external": Known(("tool",), "no arguments", _nothing),
    "returns": Known(("tool",), "one string or more", _texts),
    "min": Known(_REFINES, "one number", lambda values: len(values) == 1),
    "max": Known(_REFINES, "one number", lambda values: len(values) == 1),
    "pattern": Known(_REFINES, "one string", _one_text),
    "length": Known(_REFINES, "the least and the greatest length", lambda values: len(values) == 2),
    "items": Known(_REFINES, "the least and the greatest number of items", lambda values: len(values) == 2),
    "sensitive": Known(_REFINES, "no arguments", _nothing),
}
"""The annotations of the language; all others are the author's own."""


def read_annotations(notes: Notes, written: tuple[tree.Annotation, ...], place: Place) -> tuple[Annotation, ...]:
    """The annotations as data; those of the language are checked, and those that stand wrongly left out."""
    kept: list[Annotation] = []
    seen: dict[str, tree.Annotation] = {}
    for annotation in written:
        values = argument_values(notes, annotation)
        known = KNOWN.get(annotation.name)
        if values is None:
            continue
        if known is not None:
            if annotation.name in seen and annotation.name not in {"ref", "returns"}:
                first = seen[annotation.name].at
                notes.add("bad-annotation", annotation.at, "twice", also=(("first", first),), name=annotation.name)
                continue
            seen[annotation.name] = annotation
            if not _allowed(notes, annotation, known, values, place):
                continue
        kept.append(Annotation(annotation.name, values))
    return tuple(kept)


def _allowed(
    notes: Notes, annotation: tree.Annotation, known: Known, values: tuple[AnnotationValue, ...], place: Place
) -> bool:
    name = annotation.name
    if place not in known.places:
        places = " or ".join(_PLACES[other] for other in known.places)
        notes.add("bad-annotation", annotation.at, "place", name=name, what=_PLACES[place], expected=places)
        return False
    date = name == "expires" and not isinstance((*annotation.arguments, None)[0], tree.TimeLiteral)
    if not known.accepts(values) or date:
        suggestion = "@expires(2027-01-01)" if name == "expires" else None
        notes.add("bad-annotation", annotation.at, "arguments", name=name, expected=known.takes, suggestion=suggestion)
        return False
    return True


def argument_values(notes: Notes, annotation: tree.Annotation) -> tuple[AnnotationValue, ...] | None:
    """The arguments of an annotation as data; None, with a finding, where one is not fixed."""
    values: list[AnnotationValue] = []
    for argument in annotation.arguments:
        value = literal_value(argument)
        if value is None:
            notes.add("bad-annotation", argument.at, "constant", name=annotation.name)
            return None
        values.append(value)
    return tuple(values)


def literal_value(expression: tree.Expression) -> AnnotationValue | None:
    """A literal as a JSON value (decimals, times and durations in their one spelling), None for all else."""
    match expression:
        case tree.String(value):
            return value
        case tree.Boolean(flag):
            return flag
        case tree.Number() | tree.Unary("-", tree.Number()):
            number = literal_number(expression)
            return numbers.decimal_text(number) if isinstance(number, Decimal) else number
        case tree.DurationLiteral(text):
            return _spelled(lambda: str(times.parse_duration(text)))
        case tree.TimeLiteral(text):
            return _spelled(lambda: str(times.parse_time_literal(text)))
        case _:
            return None


def _spelled(read: Callable[[], str]) -> str | None:
    try:
        return read()
    except ValueFault:
        return None


def literal_number(expression: tree.Expression) -> int | Decimal | None:
    """The number that a literal writes, an `int` unless it has a point; None for all else and beyond the limits."""
    match expression:
        case tree.Number(text):
            sign = ""
        case tree.Unary("-", tree.Number(text)):
            sign = "-"
        case _:
            return None
    try:
        number = numbers.parse_number(sign + text.replace("_", ""))
        return numbers.to_decimal(number) if "." in text else number
    except ValueFault:
        return None


def refinement(notes: Notes, field: tree.FieldForm, type_: t.Type) -> t.Refinement | None:
    """What the annotations before a field demand beyond its type."""
    found = t.Refinement()
    for annotation in field.annotations:
        if annotation.name not in _REFINERS or isinstance(type_, t.Unknown):
            continue
        if KNOWN[annotation.name].accepts(argument_values(Notes(), annotation) or ()):
            found = _REFINERS[annotation.name](notes, found, annotation, type_)
    if found == t.Refinement():
        return None
    if _empty(found):
        notes.add("bad-refinement", field.annotations[-1].at, "empty", type=t.shown(type_))
        return None
    return found


def _empty(found: t.Refinement) -> bool:
    return (
        (found.minimum is not None and found.maximum is not None and found.minimum > found.maximum)
        or (found.length is not None and found.length[0] > found.length[1])
        or (found.items is not None and found.items[0] > found.items[1])
    )


def _wrong_type(notes: Notes, annotation: tree.Annotation, type_: t.Type, expected: str) -> None:
    notes.add("bad-refinement", annotation.at, name=annotation.name, type=t.shown(type_), expected=expected)


def _bound(notes: Notes, found: t.Refinement, annotation: tree.Annotation, type_: t.Type) -> t.Refinement:
    if type_ not in (t.INT, t.DECIMAL):
        _wrong_type(notes, annotation, type_, "`int` and `decimal`")
        return found
    number = literal_number(annotation.arguments[0])
    if number is None or (type_ is t.INT and isinstance(number, Decimal)):
        notes.add(
            "bad-refinement",
            annotation.arguments[0].at,
            "bound",
            name=annotation.name,
            found=annotation.arguments[0].at.source,
            expected="a whole number" if type_ is t.INT else "a number",
        )
        return found
    if annotation.name == "min":
        return attrs.evolve(found, minimum=number)
    return attrs.evolve(found, maximum=number)


def _pattern(notes: Notes, found: t.Refinement, annotation: tree.Annotation, type_: t.Type) -> t.Refinement:
    if type_ is not t.STRING:
        _wrong_type(notes, annotation, type_, "`string`")
        return found
    argument = annotation.arguments[0]
    if not isinstance(argument, tree.String):
        return found
    try:
        compile_regex(argument.value)
    except PatternError as error:
        notes.add("bad-pattern", argument.at, "regex", problem=str(error))
        return found
    return attrs.evolve(found, pattern=argument.value)


def _counts(notes: Notes, annotation: tree.Annotation) -> tuple[int, int] | None:
    read: list[int] = []
    for argument in annotation.arguments:
        number = literal_number(argument)
        if not isinstance(number, int) or number < 0:
            notes.add(
                "bad-refinement",
                argument.at,
                "bound",
                name=annotation.name,
                found=argument.at.source,
                expected="a whole number from 0",
            )
            return None
        read.append(number)
    return read[0], read[1]


def _length(notes: Notes, found: t.Refinement, annotation: tree.Annotation, type_: t.Type) -> t.Refinement:
    if type_ is not t.STRING:
        _wrong_type(notes, annotation, type_, "`string`")
        return found
    return attrs.evolve(found, length=_counts(notes, annotation) or found.length)


def _items(notes: Notes, found: t.Refinement, annotation: tree.Annotation, type_: t.Type) -> t.Refinement:
    if not isinstance(type_, t.ListType | t.SetType | t.MapType):
        _wrong_type(notes, annotation, type_, "lists, sets and maps")
        return found
    return attrs.evolve(found, items=_counts(notes, annotation) or found.items)


_REFINERS: Mapping[str, Callable[[Notes, t.Refinement, tree.Annotation, t.Type], t.Refinement]] = {
    "min": _bound,
    "max": _bound,
    "pattern": _pattern,
    "length": _length,
    "items": _items,
}


def has(annotated: tuple[Annotation, ...], name: str) -> bool:
    """Whether an annotation of that name is among them."""
    return any(annotation.name == name for annotation in annotated)
