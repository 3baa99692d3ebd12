"""Arithmetic, set algebra and `??`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import attrs

from tenetlang.program import expression as core
from tenetlang.program import infer
from tenetlang.program import types as t
from tenetlang.program.flow import keys_above
from tenetlang.program.literals import is_literal, number
from tenetlang.program.relations import fits, is_text, is_unknown, join
from tenetlang.program.types import Type
from tenetlang.program.unit import Absence, Open, Scope, Unit, fit, note_json, source_text, unknown
from tenetlang.syntax import tree
from tenetlang.text import Span
from tenetlang.values import numbers
from tenetlang.values.faults import ValueFault

_TAKES = {
    "+": "two numbers, strings or lists, or times and durations",
    "-": "two numbers or sets, or times and durations",
    "*": "two numbers, or a duration and an `int`",
    "/": "two numbers",
    "%": "two values of `int`",
    "|": "two sets",
    "&": "two sets",
}

_NUMBERS = (t.INT, t.DECIMAL)

_BY_TYPES: Mapping[tuple[str, Type, Type], tuple[core.OperatorName, Type, bool]] = {
    ("+", t.TIME, t.DURATION): ("time.add", t.TIME, False),
    ("+", t.DURATION, t.TIME): ("time.add", t.TIME, True),
    ("+", t.DURATION, t.DURATION): ("duration.add", t.DURATION, False),
    ("-", t.TIME, t.TIME): ("time.since", t.DURATION, False),
    ("-", t.TIME, t.DURATION): ("time.subtract", t.TIME, False),
    ("-", t.DURATION, t.DURATION): ("duration.subtract", t.DURATION, False),
    ("*", t.DURATION, t.INT): ("duration.multiply", t.DURATION, False),
    ("*", t.INT, t.DURATION): ("duration.multiply", t.DURATION, True),
    ("%", t.INT, t.INT): ("int.remainder", t.INT, False),
    ("+", t.INT, t.INT): ("int.add", t.INT, False),
    ("-", t.INT, t.INT): ("int.subtract", t.INT, False),
    ("*", t.INT, t.INT): ("int.multiply", t.INT, False),
    ("+", t.DECIMAL, t.DECIMAL): ("decimal.add", t.DECIMAL, False),
    ("-", t.DECIMAL, t.DECIMAL): ("decimal.subtract", t.DECIMAL, False),
    ("*", t.DECIMAL, t.DECIMAL): ("decimal.multiply", t.DECIMAL, False),
    ("/", t.DECIMAL, t.DECIMAL): ("decimal.divide", t.DECIMAL, False),
}
"""The operation for two types, what it gives, and whether its operands are taken in the other order."""

_SETS: Mapping[str, core.OperatorName] = {"|": "set.union", "&": "set.intersection", "-": "set.difference"}

_INT_FOLDS: Mapping[str, Callable[[int, int], int]] = {
    "int.add": numbers.int_add,
    "int.subtract": numbers.int_subtract,
    "int.multiply": numbers.int_multiply,
    "int.remainder": numbers.modulo,
}
_DECIMAL_FOLDS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "decimal.add": numbers.add,
    "decimal.subtract": numbers.subtract,
    "decimal.multiply": numbers.multiply,
    "decimal.divide": numbers.divide,
}


def arithmetic(unit: Unit, written: tree.Binary, scope: Scope, hint: Type | None) -> core.Expression:
    """`a + b - c …`: the left spine is walked, not recursed into, because chains may be long."""
    spine: list[tree.Binary] = []
    current: tree.Expression = written
    while isinstance(current, tree.Binary) and current.operator in _TAKES:
        spine.append(current)
        current = current.left
    lowest = spine[-1]
    right_first = is_literal(lowest.left) and not is_literal(lowest.right)
    first_right = infer.lower(unit, lowest.right, scope, _adopted(lowest.operator, None, hint)) if right_first else None
    left = infer.lower(unit, lowest.left, scope, _adopted(lowest.operator, first_right, hint))
    for binary in reversed(spine):
        if binary is lowest and first_right is not None:
            right = first_right
        else:
            right = infer.lower(unit, binary.right, scope, _adopted(binary.operator, left, hint))
        left = _operate(unit, binary, left, right)
    return left


def _adopted(operator: str, other: core.Expression | None, hint: Type | None) -> Type | None:
    """What a literal beside `other` should be; a string beside a parsed type stays a string, and `%` is on `int`."""
    if operator == "%":
        return t.INT
    if other is None:
        return hint
    type_ = other.type
    if operator in {"*", "/"} and type_ not in _NUMBERS:
        return None
    if type_ is t.TIME or (isinstance(type_, t.UnionType)):
        return None
    if isinstance(type_, t.ListType | t.SetType) and isinstance(type_.of, t.Never):
        return hint
    return type_


def _operate(unit: Unit, written: tree.Binary, left: core.Expression, right: core.Expression) -> core.Expression:
    at, operator = written.at, written.operator
    if is_unknown(left.type, right.type):
        return unknown(at)
    left, right = _widen_numbers(unit, operator, left, right)
    found = _BY_TYPES.get((operator, left.type, right.type))
    if found is not None:
        name, type_, swapped = found
        operands = (right, left) if swapped else (left, right)
        return _folded(unit, core.Operate(name, operands, type_, at))
    if operator == "+" and is_text(left.type) and is_text(right.type):
        return core.Operate("string.concatenate", (left, right), t.STRING, at)
    match left.type, right.type:
        case (t.ListType(), t.ListType()) if operator == "+":
            return _joined(unit, written, "list.concatenate", left, right)
        case (t.SetType(), t.SetType()) if operator in _SETS:
            return _joined(unit, written, _SETS[operator], left, right)
    for side in (left, right):
        if side.type is t.JSON:
            note_json(unit, side)
            return unknown(at)
    unit.notes.add(
        "bad-operand",
        written.operator_at,
        "pair",
        also=(("left", left.at), ("right", right.at)),
        operator=operator,
        left=t.shown(left.type),
        right=t.shown(right.type),
        expected=_TAKES[operator],
        suggestion=_other_way(operator, left.type, right.type),
    )
    return unknown(at)


def _other_way(operator: str, left: Type, right: Type) -> str | None:
    if operator == "+" and is_text(left) != is_text(right):
        return "to_string(...)"
    if operator == "+" and isinstance(left, t.SetType) and isinstance(right, t.SetType):
        return "... | ..."
    if operator == "|" and isinstance(left, t.ListType) and isinstance(right, t.ListType):
        return "... + ..."
    return "floor_div(...)" if operator == "%" else None


def _widen_numbers(
    unit: Unit, operator: str, left: core.Expression, right: core.Expression
) -> tuple[core.Expression, core.Expression]:
    """Two numbers of one type: `int` beside `decimal` is widened, and both are for `/`."""
    if left.type not in _NUMBERS or right.type not in _NUMBERS:
        return left, right
    if left.type == right.type and operator != "/":
        return left, right
    if operator == "%":
        return left, right
    return fit(unit, left, t.DECIMAL), fit(unit, right, t.DECIMAL)


def _joined(
    unit: Unit, written: tree.Binary, name: core.OperatorName, left: core.Expression, right: core.Expression
) -> core.Expression:
    type_ = join(left.type, right.type)
    if type_ is None:
        unit.notes.add(
            "type-mismatch", right.at, "branches", also=(("first", left.at),),
            expected=t.shown(left.type), found=t.shown(right.type),
        )  # fmt: skip
        return unknown(written.at)
    return core.Operate(name, (fit(unit, left, type_), fit(unit, right, type_)), type_, written.at)


def _folded(unit: Unit, operation: core.Operate) -> core.Expression:
    """A constant where all operands are; notes an operation that errs whatever the request."""
    values = tuple(operand.value for operand in operation.operands if isinstance(operand, core.Constant))
    divides = operation.operator in {"int.remainder", "decimal.divide"}
    divisor = operation.operands[-1]
    if divides and isinstance(divisor, core.Constant) and divisor.value == 0:
        unit.notes.add("overflow-constant", operation.at, "zero")
        return unknown(operation.at)
    try:
        value = _constant_value(operation.operator, values)
    except ValueFault:
        unit.notes.add("overflow-constant", operation.at, type=t.shown(operation.type))
        return unknown(operation.at)
    return operation if value is None else core.Constant(value, operation.type, operation.at)


def _constant_value(operator: core.OperatorName, values: tuple[object, ...]) -> int | Decimal | None:
    match values:
        case (Decimal() as left, Decimal() as right) if operator in _DECIMAL_FOLDS:
            return _DECIMAL_FOLDS[operator](left, right)
        case (int() as left, int() as right) if operator in _INT_FOLDS:
            return _INT_FOLDS[operator](left, right)
        case (int() as only,) if operator == "int.negate":
            return numbers.int_negate(only)
        case (Decimal() as only,) if operator == "decimal.negate":
            return numbers.negate(only)
        case _:
            return None


def negate(unit: Unit, written: tree.Unary, scope: Scope, hint: Type | None) -> core.Expression:
    """`-x`."""
    if isinstance(written.operand, tree.Number):
        return number(unit, written, None if hint is None else hint)
    operand = infer.lower(unit, written.operand, scope, hint)
    names: Mapping[Type, core.OperatorName] = {
        t.INT: "int.negate", t.DECIMAL: "decimal.negate", t.DURATION: "duration.negate",
    }  # fmt: skip
    name = names.get(operand.type)
    if name is not None:
        return _folded(unit, core.Operate(name, (operand,), operand.type, written.at))
    if operand.type is t.JSON:
        note_json(unit, operand)
    elif not is_unknown(operand.type):
        unit.notes.add(
            "bad-operand", operand.at, operator="-", found=t.shown(operand.type), expected="a number or a duration"
        )
    return unknown(written.at)


# ----------------------------------------------------------------------------------------------------------- `??`


def fallback(unit: Unit, written: tree.Binary, scope: Scope, hint: Type | None, *, opening: bool) -> Open:
    """`a ?? b`: absent only where both are."""
    left = infer.lower_open(unit, written.left, scope, hint, opening=True)
    inner = left.expression.type
    inner = inner.of if isinstance(inner, t.OptionalType) else inner
    wanted = hint if isinstance(inner, t.Unknown | t.Never) else inner
    if opening:
        other = infer.lower_open(unit, written.right, scope, wanted, opening=True)
    else:
        other = Open(infer.lower(unit, written.right, scope, wanted))
    if left.absence is None and not left.picked:
        note_needless(unit, left.expression, written.left, scope)
        if isinstance(inner, t.Unknown):
            return Open(unknown(written.at))
    right = other.expression
    right_type = right.type.of if isinstance(right.type, t.OptionalType) else right.type
    if is_unknown(inner, right_type):
        return Open(unknown(written.at))
    type_ = _fallback_type(inner, right)
    if type_ is None:
        unit.notes.add(
            "type-mismatch", right.at, "branches", also=(("first", written.left.at),),
            expected=t.shown(inner), found=t.shown(right_type),
        )  # fmt: skip
        return Open(unknown(written.at))
    lowered = _with_fallback(unit, left.expression, inner, right, type_, written.at)
    absence = other.absence
    if absence is not None:
        text = source_text(written.at)
        absence = Absence(text, text)
    return Open(lowered, absence, other.picked)


def _fallback_type(left: Type, right: core.Expression) -> Type | None:
    right_type = right.type.of if isinstance(right.type, t.OptionalType) else right.type
    if isinstance(left, t.UnionType) and isinstance(right, core.Constant) and right_type is t.STRING:
        return t.UnionType(tuple(sorted({*left.literals, str(right.value)})))
    return join(left, right_type)


def _with_fallback(
    unit: Unit, left: core.Expression, inner: Type, right: core.Expression, type_: Type, at: Span
) -> core.Expression:
    if not isinstance(right.type, t.OptionalType):
        right = fit(unit, right, type_)
    if fits(inner, type_):
        return core.Default(left, right, type_, at)
    # The left side needs a conversion, which only a value that is there can have.
    there = fit(unit, _closed(left, inner), type_)
    return core.Match(((core.Present(left, t.BOOL, left.at), there),), right, type_, at)


def _closed(expression: core.Expression, type_: Type) -> core.Expression:
    match expression:
        case core.Read() | core.Field():
            return attrs.evolve(expression, optional=False, type=type_)
        case core.Index():
            return attrs.evolve(expression, optional=False, certain=True, type=type_)
        case _:
            return attrs.evolve(expression, type=type_)


def note_needless(unit: Unit, expression: core.Expression, written: tree.Expression, scope: Scope) -> None:
    """Note a guard on what is always there, unless an earlier condition or another package's declaration says so."""
    if is_unknown(expression.type) or keys_above(expression) & scope.flow.present:
        return
    if isinstance(expression, core.Read):
        fact = unit.view.facts.get(expression.path[0])
        if fact is not None and fact.package != unit.file.package.name:
            return
    unit.notes.add("unguarded-optional", written.at, "needless", name=source_text(written.at))
