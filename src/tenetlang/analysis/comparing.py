"""Comparisons as formulas: equality, order, membership and patterns, between constants, terms and collections.

Numbers, times and durations are compared as sums (`linear.py`), so that `args.amount + 10 > 60` is `args.amount > 50`. Two
constants are compared at once. What compares two terms of another kind is the atom `Equal`; what nobody can take apart is
a term of its own that is true or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final

from tenetlang.analysis import arithmetic
from tenetlang.analysis.cases import MadeRecord, Members, Truth, Value, always
from tenetlang.analysis.formulas import (
    FALSE,
    TRUE,
    Among,
    Below,
    Equal,
    Fits,
    Formula,
    TooLarge,
)
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.network import Cidr, Ip
from tenetlang.values.order import sort_key, sorted_values
from tenetlang.values.pattern_syntax import ANYTHING, PatternSyntax, choice, sequence
from tenetlang.values.pattern_syntax import Literal as LiteralText
from tenetlang.values.patterns import SEPARATORS, Pattern

if TYPE_CHECKING:
    from tenetlang.analysis.lowering import Lowering, Scope

NUMBERS: Final = frozenset({t.INT, t.DECIMAL, t.TIME, t.DURATION})
TEXTS: Final = frozenset({"string", "host", "email", "url", "path"})
"""Types whose values are texts, to which patterns apply."""

_FLIPPED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MOST_PAIRS: Final = 1_024
_LONGEST_ORDERED: Final = 100
"""Code points of a constant that texts are compared with by order: all texts below it are a pattern as long as the square of it."""


def compare(lowering: Lowering, expression: core.Compare, scope: Scope) -> Truth:
    """`left operator right`."""
    left, right = lowering.value(expression.left, scope), lowering.value(expression.right, scope)
    errs = lowering.formulas.either(left.errs, right.errs)
    if len(left.cases) * len(right.cases) > _MOST_PAIRS:
        raise TooLarge
    found: list[Formula] = []
    for (one_when, one), (other_when, other) in product(left.cases, right.cases):
        when = lowering.formulas.both(one_when, other_when)
        if when is not FALSE:
            found.append(lowering.formulas.both(when, compared(lowering, expression.operator, one, other)))
    holds = lowering.formulas.any_of(found)
    return Truth(lowering.formulas.both(holds, lowering.formulas.negation(errs)), errs)


def compared(
    lowering: Lowering,
    operator: core.ComparisonOperator,
    left: Expression | MadeRecord | Members,
    right: Expression | MadeRecord | Members,
) -> Formula:

    if operator == "!=":
        return lowering.formulas.negation(compared(lowering, "==", left, right))
    if isinstance(left, MadeRecord | Members) or isinstance(right, MadeRecord | Members):
        if operator == "==" and not isinstance(left, MadeRecord) and not isinstance(right, MadeRecord):
            return _same_members(lowering, left, right)
        return _same_fields(lowering, left, right)
    if isinstance(left, core.Constant) and isinstance(right, core.Constant):
        return TRUE if _holds(operator, left.value, right.value) else FALSE
    if plain(left.type) in NUMBERS and plain(right.type) in NUMBERS:
        return arithmetic.numbers(lowering, operator, left, right)
    if isinstance(plain(left.type), t.RecordType) and left != right:
        return _same_fields(lowering, left, right)
    if isinstance(left, core.Constant):
        return with_constant(lowering, flipped(operator), right, left.value)
    if isinstance(right, core.Constant):
        return with_constant(lowering, operator, left, right.value)
    if left == right:
        return TRUE if operator in {"==", "<=", ">="} else FALSE
    if operator == "==":
        if isinstance(plain(left.type), t.SetType):
            return _same_members(lowering, left, right)
        first, second = sorted((left, right), key=repr)
        return lowering.formulas.literal(Equal(first, second))
    return _ordered_terms(lowering, operator, left, right)


def _same_fields(
    lowering: Lowering, left: Expression | MadeRecord | Members, right: Expression | MadeRecord | Members
) -> Formula:
    """Equality of records: of each field both have the same value, or neither has one."""
    found: list[Formula] = []
    for name in sorted({*_fields_of(left), *_fields_of(right)}):
        type_ = _fields_of(left).get(name) or _fields_of(right)[name]
        one, other = (
            lowering.field_of(always(side), name, type_, optional=True).without_errors()
            if name in _fields_of(side)
            else Value(())
            for side in (left, right)
        )
        neither = lowering.formulas.negation(lowering.formulas.either(lowering.there(one), lowering.there(other)))
        found.append(lowering.formulas.either(neither, equal(lowering, one, other)))
    return lowering.formulas.all_of(found)


def _fields_of(record: Expression | MadeRecord | Members) -> Mapping[str, t.Type]:
    if isinstance(record, MadeRecord):
        return dict.fromkeys(record.fields, t.JSON)
    assert not isinstance(record, Members)
    type_ = plain(record.type)
    assert isinstance(type_, t.RecordType)
    return {field.name: field.type for field in type_.fields}


def flipped(operator: core.ComparisonOperator) -> core.ComparisonOperator:
    found = _FLIPPED[operator]
    assert found in {"==", "!=", "<", "<=", ">", ">="}
    return found  # type: ignore[return-value]  # a table of operators


def _holds(operator: core.ComparisonOperator, left: object, right: object) -> bool:
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return sort_key(left) < sort_key(right)
        case "<=":
            return not sort_key(right) < sort_key(left)
        case ">":
            return sort_key(right) < sort_key(left)
        case ">=":
            return not sort_key(left) < sort_key(right)


def _ordered_terms(
    lowering: Lowering, operator: core.ComparisonOperator, left: Expression, right: Expression
) -> Formula:
    """Order between two texts, versions or addresses: only that it agrees with equality is known."""
    first, second = sorted((left, right), key=repr)
    less = lowering.formulas.unknown(("<", first, second), t.BOOL)
    is_less = lowering.formulas.literal(Among(less, (True,)))
    equal = lowering.formulas.literal(Equal(first, second))
    below = lowering.formulas.both(is_less, lowering.formulas.negation(equal))  # first < second
    if left is not first:
        operator = flipped(operator)
    match operator:
        case "<":
            return below
        case "<=":
            return lowering.formulas.either(below, equal)
        case ">":
            return lowering.formulas.negation(lowering.formulas.either(below, equal))
        case _:
            return lowering.formulas.negation(below)


def unknown(lowering: Lowering) -> Formula:
    return lowering.formulas.literal(Among(lowering.fresh(t.BOOL), (True,)))


# -------------------------------------------------------------------------------------------------------- with a constant


def with_constant(lowering: Lowering, operator: core.ComparisonOperator, term: Expression, value: object) -> Formula:
    literal, negation = lowering.formulas.literal, lowering.formulas.negation
    match operator, term:
        case "==", _ if isinstance(value, frozenset | tuple | dict):
            return _is_collection(lowering, term, value)
        case "==", _:
            if isinstance(plain(term.type), t.UnionType) and value not in _literals(term):
                return FALSE
            return literal(Among(term, (value,)))
        case (("<" | "<=" | ">" | ">="), _) if isinstance(value, str) and len(value) > _LONGEST_ORDERED:
            unordered = lowering.formulas.unknown((operator, term, value), t.BOOL)
            return literal(Among(unordered, (True,)))
        case (("<" | "<="), _):
            return literal(Below(term, value, inclusive=operator == "<="))
        case ">", _:
            return negation(literal(Below(term, value, inclusive=True)))
        case _:
            return negation(literal(Below(term, value, inclusive=False)))


def _literals(term: Expression) -> tuple[str, ...]:
    type_ = plain(term.type)
    return type_.literals if isinstance(type_, t.UnionType) else ()


def _is_collection(lowering: Lowering, term: Expression, value: object) -> Formula:
    type_ = plain(term.type)
    if isinstance(type_, t.SetType) and isinstance(value, frozenset):
        return _same_members(lowering, term, core.Constant(value, type_, NOWHERE))
    if value in ((), {}):
        return empty(lowering, term)
    return lowering.formulas.literal(Among(lowering.formulas.unknown(("==", term, repr(value)), t.BOOL), (True,)))


def empty(lowering: Lowering, term: Expression) -> Formula:

    return lowering.formulas.negation(lowering.some(always(term), lambda _, __: Truth(TRUE)).holds)


def _same_members(lowering: Lowering, left: Expression | Members, right: Expression | Members) -> Formula:
    """Equality of sets: each member of one is a member of the other."""
    if not any(isinstance(side, core.Expression) and isinstance(plain(side.type), t.SetType) for side in (left, right)):
        return unknown(lowering)
    one, other = always(left), always(right)

    def outside(of: Value) -> Callable[[Value | None, Value], Truth]:
        return lambda _, item: lowering.opposite(contains(lowering, item, of))

    within = [lowering.some(one, outside(other)), lowering.some(other, outside(one))]
    return lowering.formulas.all_of(lowering.formulas.negation(found.holds) for found in within)


# ------------------------------------------------------------------------------------------------ membership, patterns


def among(lowering: Lowering, value: Value, constants: Sequence[object]) -> Truth:
    """Whether the value is one of the constants."""
    return _by_case(lowering, value, lambda case: _is_among(lowering, case, constants))


def _is_among(lowering: Lowering, case: Expression, constants: Sequence[object]) -> Formula:
    if isinstance(case, core.Constant):
        return TRUE if case.value in constants else FALSE
    if plain(case.type) in NUMBERS:
        type_ = case.type
        return lowering.formulas.any_of(
            compared(lowering, "==", case, core.Constant(item, type_, NOWHERE)) for item in constants
        )
    if isinstance(plain(case.type), t.UnionType):
        constants = [item for item in constants if item in _literals(case)]
    elif not isinstance(plain(case.type), t.Scalar):
        return lowering.formulas.any_of(
            compared(lowering, "==", case, core.Constant(item, plain(case.type), NOWHERE)) for item in constants
        )
    if not constants:
        return FALSE
    return lowering.formulas.literal(Among(case, tuple(sorted_values(set(constants)))))


def _by_case(lowering: Lowering, value: Value, test: Callable[[Expression], Formula]) -> Truth:

    both = lowering.formulas.both
    found = [
        both(when, unknown(lowering) if isinstance(case, MadeRecord | Members) else test(case))
        for when, case in value.cases
    ]
    holds = lowering.formulas.any_of(found)
    return Truth(both(holds, lowering.formulas.negation(value.errs)), value.errs)


def contains(lowering: Lowering, item: Value, collection: Value) -> Truth:
    """`item in collection`."""
    both, negation = lowering.formulas.both, lowering.formulas.negation
    errs = lowering.formulas.either(item.errs, collection.errs)
    found: list[Formula] = []
    for when, case in collection.cases:
        if isinstance(case, core.Constant) and isinstance(case.value, frozenset | tuple):
            inner = among(lowering, item.without_errors(), tuple(case.value)).holds
        elif isinstance(case, core.Expression) and plain(case.type) == t.CIDR:
            inner = _by_case(lowering, item.without_errors(), partial(_in_block, lowering, case)).holds
        else:
            inner = _is_member(lowering, item, case)
        found.append(both(when, inner))
    return Truth(both(lowering.formulas.any_of(found), negation(errs)), errs)


def _is_member(lowering: Lowering, item: Value, collection: Expression | MadeRecord | Members) -> Formula:

    def test(_: Value | None, member: Value) -> Truth:
        return Truth(equal(lowering, member, item), member.errs)

    return lowering.some(always(collection), test).holds


def equal(lowering: Lowering, one: Value, other: Value) -> Formula:
    """Where both are there and have one value."""
    return lowering.formulas.any_of(
        lowering.formulas.all_of([one_when, other_when, compared(lowering, "==", left, right)])
        for (one_when, left), (other_when, right) in product(one.cases, other.cases)
    )


def _in_block(lowering: Lowering, block: Expression, item: Expression) -> Formula:
    literal, both, negation = lowering.formulas.literal, lowering.formulas.both, lowering.formulas.negation
    match item, block:
        case core.Constant(Ip() as address), core.Constant(Cidr() as cidr):
            return TRUE if cidr.contains(address) else FALSE
        case core.Constant(Cidr() as inner), core.Constant(Cidr() as cidr):
            return TRUE if cidr.contains_cidr(inner) else FALSE
        case _, core.Constant(Cidr() as cidr) if plain(item.type) == t.IP:
            last = Ip(cidr.network.version, cidr.network.number | ((1 << (cidr.network.bits - cidr.prefix)) - 1))
            return both(
                negation(literal(Below(item, cidr.network, inclusive=False))),
                literal(Below(item, last, inclusive=True)),
            )
        case _:
            return literal(Among(core.Contains(item, block, t.BOOL, NOWHERE), (True,)))


def matches(lowering: Lowering, of: Value, pattern: Value, expression: core.Matches) -> Truth:
    """`of like pattern`, `of matches pattern`."""
    compiled = [case.value for _, case in pattern.cases if isinstance(case, core.Constant)]
    if len(compiled) != 1 or not isinstance(compiled[0], Pattern):
        errs = lowering.formulas.either(of.errs, pattern.errs)
        unknown = _unknown_match(lowering, of, pattern)
        return Truth(lowering.formulas.both(unknown, lowering.formulas.negation(errs)), errs)
    found = compiled[0]
    if not isinstance(expression.pattern, core.Constant):
        of_type = plain(expression.of.type)
        found = found.within(SEPARATORS[of_type.name] if isinstance(of_type, t.Scalar) else None)
    return _by_case(lowering, of, partial(_fits, lowering, found))


def some_segment(
    lowering: Lowering, collection: Expression, member: core.Local, body: Sequence[Formula]
) -> Formula | None:
    """`"secret" in args.file.segments` as a pattern of the whole; None for what is none."""
    match collection, body:
        case core.Part(of, ("segments" | "labels") as name), [Formula("literal", atom, True)]:
            pass
        case _:
            return None
    match atom:
        case Among(term, values) if term == member:
            syntax = choice([LiteralText(str(value)) if value else sequence([]) for value in values])
            return lowering.formulas.literal(Fits(of, syntax, name))
        case Fits(term, syntax, "") if term == member:
            return lowering.formulas.literal(Fits(of, syntax, name))
        case _:
            return None


def affixed(lowering: Lowering, how: str, of: Value, affix: Value) -> Truth:
    """Whether a text starts with, ends with or contains a constant text."""
    both = lowering.formulas.both
    errs = lowering.formulas.either(of.errs, affix.errs)
    found: list[Formula] = []
    for when, case in affix.cases:
        assert isinstance(case, core.Constant)
        known: list[PatternSyntax] = [LiteralText(str(case.value))] if case.value else []
        before, after = [] if how == "starts_with" else [ANYTHING], [] if how == "ends_with" else [ANYTHING]
        pattern = Pattern("regex", f"{how} {case.value!r}", None, sequence([*before, *known, *after]))
        inner = _by_case(lowering, of.without_errors(), partial(_fits, lowering, pattern))
        found.append(both(when, inner.holds))
    return Truth(both(lowering.formulas.any_of(found), lowering.formulas.negation(errs)), errs)


def _unknown_match(lowering: Lowering, of: Value, pattern: Value) -> Formula:
    """A pattern out of a document: the same text and the same document always give the same answer."""
    if len(of.cases) == 1 and len(pattern.cases) == 1:
        text, known = of.cases[0][1], pattern.cases[0][1]
        if isinstance(text, core.Expression) and isinstance(known, core.Expression):
            return lowering.formulas.literal(Among(core.Matches(text, known, t.BOOL, NOWHERE), (True,)))
    return unknown(lowering)


def _fits(lowering: Lowering, pattern: Pattern, case: Expression) -> Formula:
    if isinstance(case, core.Constant):
        return TRUE if pattern.matches(str(case.value)) else FALSE
    type_ = plain(case.type)
    if isinstance(type_, t.UnionType):
        values = tuple(literal for literal in type_.literals if pattern.matches(literal))
        return lowering.formulas.literal(Among(case, values)) if values else FALSE
    if isinstance(type_, t.Scalar) and type_.name == "tool":
        values = tuple(tool for tool in sorted(lowering.program.tools) if pattern.matches(tool))
        return lowering.formulas.literal(Among(case, values)) if values else FALSE
    if isinstance(pattern.syntax, LiteralText) and type_ == t.STRING:
        return lowering.formulas.literal(Among(case, (pattern.syntax.text,)))
    return lowering.formulas.literal(Fits(case, pattern.syntax))
