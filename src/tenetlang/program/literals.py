"""Literals as constants: a literal takes the type of the place where it stands, and is read by the parser of requests."""

from __future__ import annotations

from decimal import Decimal

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.annotations import literal_number
from tenetlang.program.relations import required
from tenetlang.program.types import Type
from tenetlang.program.unit import Unit, quoted, unknown
from tenetlang.report.nearest import nearest
from tenetlang.syntax import tree
from tenetlang.text import Span
from tenetlang.values.collections import JSON_FALSE, JSON_TRUE, NULL
from tenetlang.values.faults import ValueFault
from tenetlang.values.parsing import PARSERS, parse_literal

Literal = (
    tree.Number | tree.String | tree.Boolean | tree.Null | tree.DurationLiteral | tree.TimeLiteral | tree.VerdictLiteral
)

ARTICLES = {"email": "an email", "url": "a url", "host": "a host", "path": "a path", "ip": "an ip", "cidr": "a cidr",
            "semver": "a semver", "time": "a time", "duration": "a duration"}  # fmt: skip


def is_literal(expression: tree.Expression) -> bool:
    """Whether the expression takes its type from where it stands rather than having one."""
    match expression:
        case tree.Number() | tree.String() | tree.Null() | tree.EmptyBraces() | tree.VerdictLiteral():
            return True
        case tree.Unary("-", tree.Number()):
            return True
        case tree.ListForm(items) | tree.SetForm(items):
            return all(is_literal(item) for item in items)
        case _:
            return False


def literal(unit: Unit, written: Literal, hint: Type | None) -> core.Expression:
    """The constant that a literal is where a value of type `hint` would do."""
    wanted = None if hint is None else required(hint)
    match written:
        case tree.Number():
            return number(unit, written, wanted)
        case tree.String(value):
            return text(unit, value, written.at, wanted)
        case tree.Boolean(flag):
            if wanted is t.JSON:
                return core.Constant(JSON_TRUE if flag else JSON_FALSE, t.JSON, written.at)
            return core.Constant(flag, t.BOOL, written.at)
        case tree.Null():
            return core.Constant(NULL, t.JSON, written.at)
        case tree.DurationLiteral(spelled):
            return parsed(unit, spelled, written.at, t.DURATION)
        case tree.TimeLiteral(spelled):
            return parsed(unit, spelled, written.at, t.TIME)
        case tree.VerdictLiteral(verdict):
            if isinstance(wanted, t.UnionType) and verdict in wanted.literals:
                return core.Constant(verdict, wanted, written.at)
            if unit.setting in {"policy", "counter"}:
                unit.notes.add("bad-test", written.at, "outside", name=verdict)
                return unknown(written.at)
            return core.Constant(verdict, t.VERDICT, written.at)


def number(unit: Unit, written: tree.Number | tree.Unary, wanted: Type | None) -> core.Expression:
    """A number, with or without a sign."""
    value = literal_number(written)
    if value is None:
        unit.notes.add(
            "bad-literal-value", written.at, literal=written.at.source, expected="a number within the limits",
            type="decimal" if "." in written.at.source else "int",
            problem="an int has 64 bits, a decimal at most 18 digits before the point and 12 after it",
        )  # fmt: skip
        return unknown(written.at)
    if wanted is t.JSON:
        whole = isinstance(value, Decimal) and value == value.to_integral_value()
        return core.Constant(int(value) if whole else value, t.JSON, written.at)
    if isinstance(value, Decimal):
        return core.Constant(value, t.DECIMAL, written.at)
    if wanted is t.DECIMAL:
        return core.Constant(Decimal(value), t.DECIMAL, written.at)
    return core.Constant(value, t.INT, written.at)


def text(unit: Unit, value: str, at: Span, wanted: Type | None) -> core.Expression:
    """A string literal: a string, a literal of a union, or the text of a parsed type."""
    if isinstance(wanted, t.UnionType) and value in wanted.literals:
        return core.Constant(value, wanted, at)
    if isinstance(wanted, t.Scalar):
        if wanted.name in PARSERS:
            return parsed(unit, value, at, wanted)
        if wanted is t.JSON or (wanted in (t.GLOB, t.REGEX, t.TOOL) and unit.setting in {"test", "claim"}):
            return core.Constant(value, wanted, at)
    return core.Constant(value, t.STRING, at)


def parsed(unit: Unit, value: str, at: Span, wanted: t.Scalar) -> core.Expression:
    """The value of a parsed type, or unknown with a finding."""
    try:
        return core.Constant(parse_literal(wanted.name, value), wanted, at)
    except ValueFault as fault:
        shown = at.source if "\n" not in at.source else quoted(value)
        unit.notes.add(
            "bad-literal-value", at, literal=shown, expected=ARTICLES[wanted.name], type=wanted.name,
            problem=fault.detail,
        )  # fmt: skip
        return unknown(at)


def nearest_literal(value: object, wanted: Type) -> str | None:
    """The literal of a union that is nearest to a text, as it is written; None where none is."""
    if isinstance(wanted, t.UnionType) and isinstance(value, str):
        near = nearest(value, wanted.literals)
        return None if near is None else quoted(near)
    return None
