"""Functions and operators over values by case: each combination of cases gives a term, or a constant where all are constants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Final

import attrs

from tenetlang.analysis import arithmetic, built, comparing
from tenetlang.analysis.cases import NO, YES, Case, MadeRecord, Member, Members, Truth, Value
from tenetlang.analysis.formulas import FALSE, TRUE, Among, Formula, There, TooLarge
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.collections import Map

if TYPE_CHECKING:
    from tenetlang.analysis.lowering import Lowering

MOST_CASES: Final = 256
"""Combinations of cases that one node may have."""
MOST_PARTS: Final = 2_000
"""Parts of one term. What definitions share is written out in a term, so that twenty could make one of a million parts."""


def builtin(lowering: Lowering, expression: core.Builtin, name: str, arguments: Sequence[Value]) -> Value:
    match name, arguments:
        case "count", [of]:
            return built.count(lowering, of)
        case (("contains" | "std.text.starts_with" | "std.text.ends_with"), [of, item]) if _is_text(of) and _texts(
            item
        ):
            return _truth_value(lowering, comparing.affixed(lowering, name.rpartition(".")[2], of, item))
        case "contains", [of, item] if not _is_text(of):
            return _truth_value(lowering, comparing.contains(lowering, item, of))
        case (("to_set" | "to_list" | "sort" | "reverse" | "distinct"), [of]):
            members = built.unordered(lowering, lambda test: lowering.some(of.without_errors(), test))
            return Value(((TRUE, members),), of.errs)
        case (("keys" | "values"), [of]):
            return keys_or_values(lowering, name, of)
        case "flatten", [of]:
            return built.flattened(lowering, of, expression.type)
        case _:
            return called(lowering, expression, arguments)


def _truth_value(lowering: Lowering, truth: Truth) -> Value:
    negative = lowering.formulas.negation(lowering.formulas.either(truth.holds, truth.errs))
    return Value(((truth.holds, YES), (negative, NO)), truth.errs)


def _texts(value: Value) -> bool:
    """Whether all its cases are constant texts."""
    return all(isinstance(case, core.Constant) and isinstance(case.value, str) for _, case in value.cases)


def keys_or_values(lowering: Lowering, name: str, of: Value) -> Value:
    def some(test: Member) -> Truth:
        def inner(key: Value | None, item: Value) -> Truth:
            assert key is not None
            return test(None, key if name == "keys" else item)

        return lowering.some(of.without_errors(), inner)

    return Value(((TRUE, Members(some)),), of.errs)


def called(lowering: Lowering, expression: core.Builtin, arguments: Sequence[Value]) -> Value:
    """A function of which only its result's type is known; of constants its value is."""
    type_ = plain(expression.type)
    made = applied(
        lowering, arguments, lambda terms: core.Builtin(expression.name, tuple(terms), expression.type, NOWHERE), type_
    )
    errs = made.errs
    if expression.name != "origin" and lowering.faults.expression(attrs.evolve(expression, arguments=())):
        errs = lowering.formulas.any_of([errs, *may_err(lowering, made)])
    cases: list[Case] = []
    for when, case in made.cases:
        there = TRUE
        if isinstance(expression.type, t.OptionalType) and not isinstance(case, core.Constant):
            assert not isinstance(case, MadeRecord | Members)
            there = nonempty(lowering, expression, arguments, lowering.formulas.literal(There(case)))
        cases.append((lowering.formulas.both(when, there), case))
    return Value(tuple(cases), errs)


def nonempty(lowering: Lowering, expression: core.Builtin, arguments: Sequence[Value], otherwise: Formula) -> Formula:
    """When `max(xs)` and its like are there: when `xs` has a member."""
    if expression.name in {"min", "max", "first", "last"} and len(arguments) == 1:
        return lowering.some(arguments[0].without_errors(), lambda _, __: Truth(TRUE)).holds
    return otherwise


def may_err(lowering: Lowering, made: Value) -> Iterator[Formula]:
    for when, case in made.cases:
        if not isinstance(case, core.Constant):
            unknown = lowering.fresh(t.BOOL)
            yield lowering.formulas.both(when, lowering.formulas.literal(Among(unknown, (True,))))


def applied(
    lowering: Lowering, operands: Sequence[Value], make: Callable[[list[Expression]], Expression], type_: t.Type
) -> Value:
    """A node over the cases of its operands, in every combination; computed where all of them are constants."""
    errs = lowering.formulas.any_of(operand.errs for operand in operands)
    cases: list[Case] = []
    combinations = 1
    for operand in operands:
        combinations *= len(operand.cases)
    if combinations > MOST_CASES:
        raise TooLarge
    for choice in product(*(operand.cases for operand in operands)):
        when = lowering.formulas.all_of(guard for guard, _ in choice)
        terms = [case for _, case in choice if not isinstance(case, MadeRecord | Members)]
        if when is FALSE:
            continue
        if len(terms) < len(choice):
            cases.append((when, lowering.fresh(type_)))
            continue
        made = make(terms)
        if size_of(lowering, made) > MOST_PARTS:
            raise TooLarge
        if all(isinstance(item, core.Constant) for item in terms):
            known = lowering.evaluate(made)
            if known is not None:
                made = core.Constant(known, type_, NOWHERE)
        cases.append((when, made))
    return Value(tuple(cases), errs)


def size_of(lowering: Lowering, term: Expression) -> int:
    """The number of the term's parts, those that it shares counted wherever they are."""
    known = lowering.sizes.get(id(term))
    if known is not None:
        return known[1]
    match term:
        case core.Operate(operands=parts) | core.Builtin(arguments=parts):
            pass
        case core.Field(of) | core.Part(of) | core.Narrow(of) | core.Widen(of) | core.IsType(of):
            parts = (of,)
        case core.Index(of, key):
            parts = (of, key)
        case _:
            return 1
    size = 1 + sum(size_of(lowering, part) for part in parts)
    lowering.sizes[id(term)] = term, size
    return size


def operated(
    lowering: Lowering, expression: core.Operate, operator: core.OperatorName, operands: Sequence[Value], type_: t.Type
) -> Value:
    found = operated_terms(lowering, operator, operands, type_)
    errs = found.errs
    if lowering.faults.expression(expression):
        faults = [
            lowering.formulas.both(when, arithmetic.overflows(lowering, case))
            for when, case in found.cases
            if isinstance(case, MadeRecord | Members) or lowering.faults.expression(_grounded(case))
        ]
        errs = lowering.formulas.any_of([errs, *faults])
    if errs is found.errs:
        return found
    fine = lowering.formulas.negation(errs)
    return Value(tuple((lowering.formulas.both(fine, when), case) for when, case in found.cases), errs)


def _grounded(term: Expression) -> Expression:
    """The term with parts of the request for the members of collections: their digits are limited in the same way."""
    match term:
        case core.Local(name, type_) if name[0] == "#":
            return core.Read(("args", name), type_, NOWHERE)
        case core.Operate(operands=operands):
            return attrs.evolve(term, operands=tuple(map(_grounded, operands)))
        case core.Builtin(arguments=arguments):
            return attrs.evolve(term, arguments=tuple(map(_grounded, arguments)))
        case core.Field(of) | core.Part(of) | core.Narrow(of) | core.Widen(of):
            return attrs.evolve(term, of=_grounded(of))
        case core.Index(of, key):
            return attrs.evolve(term, of=_grounded(of), key=_grounded(key), certain=True)
        case _:
            return term


def operated_terms(lowering: Lowering, operator: core.OperatorName, operands: Sequence[Value], type_: t.Type) -> Value:
    return applied(lowering, operands, lambda terms: core.Operate(operator, tuple(terms), type_, NOWHERE), type_)


def _is_text(value: Value) -> bool:
    for _, case in value.cases:
        if isinstance(case, Members | MadeRecord):
            return False
        return plain(case.type) == t.STRING or isinstance(plain(case.type), t.UnionType)
    return False


def indexed(lowering: Lowering, expression: core.Index, of: Value, key: Value) -> Value:
    """`of[key]`."""
    formulas = lowering.formulas
    errs = formulas.either(of.errs, key.errs)
    found: list[Case] = []
    for (when, collection), (inner, place) in product(of.cases, key.cases):
        made = _index(lowering, collection, place, expression)
        if made is None:
            continue
        there = TRUE if isinstance(made, core.Constant) else formulas.literal(There(made))
        found.append((formulas.all_of([when, inner, there]), made))
    if not (expression.optional or expression.certain):
        missing = formulas.negation(formulas.any_of([errs, *(when for when, _ in found)]))
        errs = formulas.either(errs, formulas.all_of([lowering.there(of), lowering.there(key), missing]))
    return Value(tuple(found), errs)


def _index(
    lowering: Lowering,
    of: Expression | MadeRecord | Members,
    key: Expression | MadeRecord | Members,
    expression: core.Index,
) -> Expression | None:
    type_ = plain(expression.type)
    match of, key:
        case core.Constant(tuple() as items), core.Constant(int() as place):
            return core.Constant(items[place], type_, NOWHERE) if 0 <= place < len(items) else None
        case core.Constant(Map() as items), core.Constant(str() as name):
            return core.Constant(items[name], type_, NOWHERE) if name in items else None
        case (MadeRecord() | Members(), _) | (_, MadeRecord() | Members()):
            return lowering.fresh(type_)
        case _:
            assert not isinstance(of, MadeRecord | Members)
            assert not isinstance(key, MadeRecord | Members)
            return core.Index(of, key, type_, NOWHERE)
