"""Comparisons as formulas: equality, order, membership and patterns, between constants, terms and collections.

Numbers, times and durations are compared as sums (`linear.py`), so that `args.amount + 10 > 60` is `args.amount > 50`. Two
constants are compared at once. What compares two terms of another kind is the atom `Equal`; what nobody can take apart is
a term of its own that is true or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

from tenetlang.analysis.cases import MadeRecord, Members, Truth, Value, always
from tenetlang.analysis.formulas import (
    FALSE,
    TRUE,
    Among,
    Below,
    Equal,
    Fits,
    Formula,
    Linear,
    TooLarge,
)
from tenetlang.analysis.linear import Sum, plus, sum_of
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.network import Cidr, Ip
from tenetlang.values.numbers import INT_MAX, INT_MIN
from tenetlang.values.order import sort_key, sorted_values
from tenetlang.values.pattern_syntax import Literal as LiteralText
from tenetlang.values.patterns import SEPARATORS, Pattern

if TYPE_CHECKING:
    from tenetlang.analysis.lowering import Lowering, Scope

NUMBERS: Final = frozenset({t.INT, t.DECIMAL, t.TIME, t.DURATION})
TEXTS: Final = frozenset({"string", "host", "email", "url", "path"})
"""Types whose values are texts, to which patterns apply."""

_FLIPPED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MOST_PAIRS: Final = 1_024


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
            found.append(lowering.formulas.both(when, _compared(lowering, expression.operator, one, other)))
    holds = lowering.formulas.any_of(found)
    return Truth(lowering.formulas.both(holds, lowering.formulas.negation(errs)), errs)


def _compared(
    lowering: Lowering,
    operator: core.ComparisonOperator,
    left: Expression | MadeRecord | Members,
    right: Expression | MadeRecord | Members,
) -> Formula:

    if operator == "!=":
        return lowering.formulas.negation(_compared(lowering, "==", left, right))
    if isinstance(left, MadeRecord | Members) or isinstance(right, MadeRecord | Members):
        if operator == "==" and not isinstance(left, MadeRecord) and not isinstance(right, MadeRecord):
            return _same_members(lowering, left, right)
        return _unknown(lowering)
    if isinstance(left, core.Constant) and isinstance(right, core.Constant):
        return TRUE if _holds(operator, left.value, right.value) else FALSE
    if plain(left.type) in NUMBERS and plain(right.type) in NUMBERS:
        return _numbers(lowering, operator, left, right)
    if isinstance(left, core.Constant):
        return _with_constant(lowering, _flipped(operator), right, left.value)
    if isinstance(right, core.Constant):
        return _with_constant(lowering, operator, left, right.value)
    if left == right:
        return TRUE if operator in {"==", "<=", ">="} else FALSE
    if operator == "==":
        if isinstance(plain(left.type), t.SetType):
            return _same_members(lowering, left, right)
        first, second = sorted((left, right), key=repr)
        return lowering.formulas.literal(Equal(first, second))
    return _ordered_terms(lowering, operator, left, right)


def _flipped(operator: core.ComparisonOperator) -> core.ComparisonOperator:
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
        operator = _flipped(operator)
    match operator:
        case "<":
            return below
        case "<=":
            return lowering.formulas.either(below, equal)
        case ">":
            return lowering.formulas.negation(lowering.formulas.either(below, equal))
        case _:
            return lowering.formulas.negation(below)


def _unknown(lowering: Lowering) -> Formula:
    return lowering.formulas.literal(Among(lowering.formulas.fresh(t.BOOL), (True,)))


# -------------------------------------------------------------------------------------------------------- with a constant


def _with_constant(lowering: Lowering, operator: core.ComparisonOperator, term: Expression, value: object) -> Formula:
    literal, negation = lowering.formulas.literal, lowering.formulas.negation
    match operator, term:
        case _, core.Part(of, "version") if of.type == t.IP:
            return _version(lowering, operator, of, value)
        case "==", _ if isinstance(value, frozenset | tuple | dict):
            return _is_collection(lowering, term, value)
        case "==", _:
            if isinstance(plain(term.type), t.UnionType) and value not in _literals(term):
                return FALSE
            return literal(Among(term, (value,)))
        case (("<" | "<="), _):
            return literal(Below(term, value, inclusive=operator == "<="))
        case ">", _:
            return negation(literal(Below(term, value, inclusive=True)))
        case _:
            return negation(literal(Below(term, value, inclusive=False)))


def _literals(term: Expression) -> tuple[str, ...]:
    type_ = plain(term.type)
    return type_.literals if isinstance(type_, t.UnionType) else ()


def _version(lowering: Lowering, operator: core.ComparisonOperator, address: Expression, value: object) -> Formula:
    found = [version for version in (4, 6) if _holds(operator, version, value)]
    is_four = lowering.formulas.literal(Below(address, Ip(6, 0), inclusive=False))
    parts = [is_four if version == 4 else lowering.formulas.negation(is_four) for version in found]
    return lowering.formulas.any_of(parts)


def _is_collection(lowering: Lowering, term: Expression, value: object) -> Formula:
    type_ = plain(term.type)
    if isinstance(type_, t.SetType) and isinstance(value, frozenset):
        return _same_members(lowering, term, core.Constant(value, type_, NOWHERE))
    if value in ((), {}):
        return _empty(lowering, term)
    return lowering.formulas.literal(Among(lowering.formulas.unknown(("==", term, repr(value)), t.BOOL), (True,)))


def _empty(lowering: Lowering, term: Expression) -> Formula:

    return lowering.formulas.negation(lowering.some(always(term), lambda _, __: Truth(TRUE)).holds)


def _same_members(lowering: Lowering, left: Expression | Members, right: Expression | Members) -> Formula:
    """Equality of sets: each member of one is a member of the other."""
    if not any(isinstance(side, core.Expression) and isinstance(plain(side.type), t.SetType) for side in (left, right)):
        return _unknown(lowering)
    one, other = always(left), always(right)

    def outside(of: Value) -> Callable[[Value | None, Value], Truth]:
        return lambda _, item: lowering.opposite(contains(lowering, item, of))

    within = [lowering.some(one, outside(other)), lowering.some(other, outside(one))]
    return lowering.formulas.all_of(lowering.formulas.negation(found.holds) for found in within)


# ----------------------------------------------------------------------------------------------------------------- numbers


def _numbers(lowering: Lowering, operator: core.ComparisonOperator, left: Expression, right: Expression) -> Formula:
    extreme = _extreme(lowering, operator, left, right)
    if extreme is not None:
        return extreme
    difference = plus(sum_of(left), sum_of(right), Fraction(-1))
    match operator:
        case "==" | "<" | "<=":
            return compared_with_zero(lowering, difference, operator)
        case ">":
            return lowering.formulas.negation(compared_with_zero(lowering, difference, "<="))
        case _:
            return lowering.formulas.negation(compared_with_zero(lowering, difference, "<"))


def compared_with_zero(lowering: Lowering, given: Sum, relation: Literal["<=", "<", "=="]) -> Formula:
    """`sum relation 0`."""
    if not given.terms:
        constant = given.constant
        return TRUE if (constant == 0 and relation != "<") or (constant < 0 and relation != "==") else FALSE
    if len(given.terms) == 1:
        ((term, coefficient),) = given.terms.items()
        return _one_term(lowering, term, -given.constant / coefficient, relation, flipped=coefficient < 0)
    terms = sorted(given.terms.items(), key=lambda pair: repr(pair[0]))
    size = abs(terms[0][1])
    if terms[0][1] < 0 and relation == "==":
        size = -size
    scaled = tuple((term, coefficient / size) for term, coefficient in terms)
    constant = -given.constant / size
    if terms[0][1] < 0 and relation != "==":
        # -x + y <= c is not (x - y < -c): so that both ways to write a comparison are one atom.
        opposite = tuple((term, -coefficient) for term, coefficient in scaled)
        other: Literal["<", "<="] = "<" if relation == "<=" else "<="
        return lowering.formulas.negation(lowering.formulas.literal(Linear(opposite, other, -constant)))
    return lowering.formulas.literal(Linear(scaled, relation, constant))


def _one_term(
    lowering: Lowering, term: Expression, constant: Fraction, relation: Literal["<=", "<", "=="], *, flipped: bool
) -> Formula:
    value = in_type(term.type, constant)
    literal, negation = lowering.formulas.literal, lowering.formulas.negation
    count = _count_of_some(lowering, term, constant, relation, flipped=flipped)
    if count is not None:
        return count
    if relation == "==":
        return FALSE if value is None else literal(Among(term, (value,)))
    bound: object = constant if value is None else value
    if flipped:  # -x <= c is x >= -c
        return negation(literal(Below(term, bound, inclusive=relation == "<")))
    return literal(Below(term, bound, inclusive=relation == "<="))


def _count_of_some(
    lowering: Lowering, term: Expression, constant: Fraction, relation: Literal["<=", "<", "=="], *, flipped: bool
) -> Formula | None:
    """`count(xs)` compared so that only emptiness matters."""
    match term:
        case core.Builtin("count", (of,)) if not isinstance(plain(of.type), t.Scalar | t.UnionType):
            pass
        case _:
            return None

    def holds(count: int) -> bool:
        number = Fraction(-count if flipped else count)
        bound = -constant if flipped else constant
        return number == bound if relation == "==" else number < bound or (relation == "<=" and number == bound)

    if holds(0) and not holds(1) and not holds(10**9):
        return _empty(lowering, of)
    if not holds(0) and holds(1) and holds(10**9):
        return lowering.formulas.negation(_empty(lowering, of))
    return None


def in_type(type_: t.Type, number: Fraction) -> object | None:
    """The number as a value of the type, None where it is none."""
    from tenetlang.values.times import make_duration, make_time

    type_ = plain(type_)
    if type_ == t.DECIMAL:
        denominator = number.denominator
        while denominator % 10 == 0:
            denominator //= 10
        while denominator % 2 == 0:
            denominator //= 2
        while denominator % 5 == 0:
            denominator //= 5
        if denominator != 1:
            return None
        places = 0
        while (number * 10**places).denominator != 1:
            places += 1
        return Decimal(int(number * 10**places)).scaleb(-places) if places < 40 else None
    if number.denominator != 1 or not INT_MIN <= number <= INT_MAX:
        return None
    whole = int(number)
    try:
        return make_time(whole) if type_ == t.TIME else make_duration(whole) if type_ == t.DURATION else whole
    except ValueError:
        return None


def _extreme(
    lowering: Lowering, operator: core.ComparisonOperator, left: Expression, right: Expression
) -> Formula | None:
    """`max(xs) > c`: some member is above `c`; and its like."""
    match left, right:
        case core.Builtin("max" | "min" as name, (of,)), core.Constant(value):
            pass
        case core.Constant(value), core.Builtin("max" | "min" as name, (of,)):
            operator = _flipped(operator)
        case _:
            return None
    if operator == "==":
        return None
    some_way = {"max": {">", ">="}, "min": {"<", "<="}}[name]
    wanted: core.ComparisonOperator = operator
    if operator not in some_way:
        wanted = _opposite(operator)

    def test(_: Value | None, item: Value) -> Truth:
        return Truth(
            lowering.formulas.any_of(
                lowering.formulas.both(
                    when, _compared(lowering, wanted, case, core.Constant(value, right.type, NOWHERE))
                )
                for when, case in item.cases
            )
        )

    found = lowering.some(always(of), test).holds
    return found if operator in some_way else lowering.formulas.negation(found)


def _opposite(operator: core.ComparisonOperator) -> core.ComparisonOperator:
    match operator:
        case "<":
            return ">="
        case "<=":
            return ">"
        case ">":
            return "<="
        case ">=":
            return "<"
        case "==":
            return "!="
        case "!=":
            return "=="


def overflows(lowering: Lowering, case: object) -> Formula:
    """When the number that the case computes is beyond its type; unknown for what is no sum."""
    if isinstance(case, core.Constant):
        return FALSE
    if isinstance(case, MadeRecord | Members):
        return _unknown(lowering)
    assert isinstance(case, core.Expression)
    if not isinstance(case, core.Operate):
        return FALSE
    type_ = plain(case.type)
    found = sum_of(case)
    is_sum = case not in found.terms
    if not is_sum:
        divides = case.operator in {"int.remainder", "decimal.divide"}
        if divides:
            return _divides_by_zero(lowering, case)
        return lowering.formulas.literal(Among(lowering.formulas.unknown(("overflow", case), t.BOOL), (True,)))
    if type_ in {t.INT, t.DURATION}:
        low, high = INT_MIN, INT_MAX
    else:
        return lowering.formulas.literal(Among(lowering.formulas.unknown(("overflow", case), t.BOOL), (True,)))
    too_high = compared_with_zero(lowering, Sum(found.terms, found.constant - high), "<=")
    too_low = compared_with_zero(lowering, Sum(found.terms, found.constant - low), "<")
    return lowering.formulas.either(lowering.formulas.negation(too_high), too_low)


def _divides_by_zero(lowering: Lowering, case: core.Operate) -> Formula:
    zero = compared_with_zero(lowering, sum_of(case.operands[1]), "==")
    if case.operator == "int.remainder":
        return zero
    beyond = lowering.formulas.literal(Among(lowering.formulas.unknown(("overflow", case), t.BOOL), (True,)))
    return lowering.formulas.either(zero, beyond)


# ------------------------------------------------------------------------------------------------ membership, patterns


def among(lowering: Lowering, value: Value, constants: Sequence[object]) -> Truth:
    """Whether the value is one of the constants."""
    return _by_case(lowering, value, lambda case: _is_among(lowering, case, constants))


def _is_among(lowering: Lowering, case: Expression, constants: Sequence[object]) -> Formula:
    if isinstance(case, core.Constant):
        return TRUE if case.value in constants else FALSE
    if plain(case.type) in NUMBERS or (isinstance(case, core.Part) and case.name == "version"):
        type_ = case.type
        return lowering.formulas.any_of(
            _compared(lowering, "==", case, core.Constant(item, type_, NOWHERE)) for item in constants
        )
    if isinstance(plain(case.type), t.UnionType):
        constants = [item for item in constants if item in _literals(case)]
    elif not isinstance(plain(case.type), t.Scalar):
        return lowering.formulas.any_of(_with_constant(lowering, "==", case, item) for item in constants)
    if not constants:
        return FALSE
    return lowering.formulas.literal(Among(case, tuple(sorted_values(set(constants)))))


def _by_case(lowering: Lowering, value: Value, test: Callable[[Expression], Formula]) -> Truth:

    both = lowering.formulas.both
    found = [
        both(when, _unknown(lowering) if isinstance(case, MadeRecord | Members) else test(case))
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
        equal = [
            lowering.formulas.all_of([one_when, other_when, _compared(lowering, "==", one, other)])
            for (one_when, one), (other_when, other) in product(member.cases, item.cases)
        ]
        return Truth(lowering.formulas.any_of(equal), member.errs)

    return lowering.some(always(collection), test).holds


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
    return _by_case(lowering, of, lambda case: _fits(lowering, case, found))


def _unknown_match(lowering: Lowering, of: Value, pattern: Value) -> Formula:
    """A pattern out of a document: the same text and the same document always give the same answer."""
    if len(of.cases) == 1 and len(pattern.cases) == 1:
        text, known = of.cases[0][1], pattern.cases[0][1]
        if isinstance(text, core.Expression) and isinstance(known, core.Expression):
            return lowering.formulas.literal(Among(core.Matches(text, known, t.BOOL, NOWHERE), (True,)))
    return _unknown(lowering)


def _fits(lowering: Lowering, case: Expression, pattern: Pattern) -> Formula:
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
