"""Numbers, times and durations compared: sums of terms, the counts and extremes of collections, and what overflows."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from tenetlang.analysis import comparing
from tenetlang.analysis.cases import MadeRecord, Members, Truth, Value, always
from tenetlang.analysis.formulas import FALSE, TRUE, Among, Below, Formula, Linear
from tenetlang.analysis.linear import Sum, plus, sum_of
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Ip
from tenetlang.values.numbers import DIGITS, INT_MAX, INT_MIN
from tenetlang.values.times import make_duration, make_time

if TYPE_CHECKING:
    from tenetlang.analysis.lowering import Lowering


def numbers(lowering: Lowering, operator: core.ComparisonOperator, left: Expression, right: Expression) -> Formula:
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
    special = _count_of_some(lowering, term, constant, relation, flipped=flipped)
    special = _version(lowering, term, constant, relation, flipped=flipped) if special is None else special
    if special is not None:
        return special
    if relation == "==":
        return FALSE if value is None else literal(Among(term, (value,)))
    bound: object = constant if value is None else value
    if flipped:  # -x <= c is x >= -c
        return negation(literal(Below(term, bound, inclusive=relation == "<")))
    return literal(Below(term, bound, inclusive=relation == "<="))


def _holds_of(number: int, constant: Fraction, relation: Literal["<=", "<", "=="], *, flipped: bool) -> bool:
    """`number relation constant`; where `flipped`, `-number relation -constant`."""
    left, right = (-number, -constant) if flipped else (number, constant)
    return left == right if relation == "==" else left < right or (relation == "<=" and left == right)


def _version(
    lowering: Lowering, term: Expression, constant: Fraction, relation: Literal["<=", "<", "=="], *, flipped: bool
) -> Formula | None:
    """The version of an address compared: of which of the two it is."""
    match term:
        case core.Part(of, "version"):
            is_four = lowering.formulas.literal(Below(of, Ip(6, 0), inclusive=False))
        case _:
            return None
    parts = {4: is_four, 6: lowering.formulas.negation(is_four)}
    return lowering.formulas.any_of(
        part for version, part in parts.items() if _holds_of(version, constant, relation, flipped=flipped)
    )


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
        return _holds_of(count, constant, relation, flipped=flipped)

    if holds(0) and not holds(1) and not holds(10**9):
        return comparing.empty(lowering, of)
    if not holds(0) and holds(1) and holds(10**9):
        return lowering.formulas.negation(comparing.empty(lowering, of))
    return None


def in_type(type_: t.Type, number: Fraction) -> object | None:
    """The number as a value of the type, None where it is none."""
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
        places = next((places for places in range(DIGITS + 1) if (number * 10**places).denominator == 1), None)
        if places is None or abs(number) >= 10**DIGITS:
            return None
        return Decimal(f"{int(number * 10**places)}e-{places}")  # `scaleb` would round to 28 digits
    if number.denominator != 1 or not INT_MIN <= number <= INT_MAX:
        return None
    whole = int(number)
    try:
        return make_time(whole) if type_ == t.TIME else make_duration(whole) if type_ == t.DURATION else whole
    except ValueFault:
        return None


def _extreme(
    lowering: Lowering, operator: core.ComparisonOperator, left: Expression, right: Expression
) -> Formula | None:
    """`max(xs) > c`: some member is above `c`; and its like."""
    match left, right:
        case core.Builtin("max" | "min" as name, (of,)), core.Constant(value):
            pass
        case core.Constant(value), core.Builtin("max" | "min" as name, (of,)):
            operator = comparing.flipped(operator)
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
                    when, comparing.compared(lowering, wanted, case, core.Constant(value, right.type, NOWHERE))
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
        return comparing.unknown(lowering)
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
