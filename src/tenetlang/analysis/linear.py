"""Sums of numbers: arithmetic that is linear in parts of the request, and whether such inequalities can hold together.

Numbers, times and durations are all exact rationals here. Satisfiability is decided by elimination after Fourier and
Motzkin (G. B. Dantzig and B. C. Eaves, 1973): a variable is removed by adding each upper bound to each lower bound. What
it refutes has no solution in the rationals, and so none in whole numbers or decimals either; for what it does not refute
a solution is read off backwards, and whole where a whole number fits. That is exact for differences of two terms, which
is what policies compare, and else left to the request that has to show it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.expression import Expression

Terms: TypeAlias = Mapping[Expression, Fraction]

MOST_INEQUALITIES: Final = 400
"""Elimination gives up, and refutes nothing, where it would have to keep more."""


@frozen
class Sum:
    """`constant` and the terms with their coefficients, none of them 0."""

    terms: Mapping[Expression, Fraction]
    constant: Fraction


def number(value: object) -> Fraction:
    """A number, time or duration of the language as a rational."""
    assert isinstance(value, int | Decimal | Fraction)
    return Fraction(value)


def plus(left: Sum, right: Sum, factor: Fraction = Fraction(1)) -> Sum:
    """`left + factor * right`."""
    terms = dict(left.terms)
    for term, coefficient in right.terms.items():
        terms[term] = terms.get(term, Fraction(0)) + factor * coefficient
    return Sum({term: found for term, found in terms.items() if found}, left.constant + factor * right.constant)


_ZERO = Sum({}, Fraction(0))


def sum_of(term: Expression) -> Sum:
    """A term of a number's type as a sum of terms that are none."""
    match term:
        case core.Constant(int() | Decimal() as value):
            return Sum({}, number(value))
        case core.Widen(of):
            return sum_of(of)
        case core.Operate("int.negate" | "decimal.negate" | "duration.negate", (operand,)):
            return plus(_ZERO, sum_of(operand), Fraction(-1))
        case core.Operate("int.add" | "decimal.add" | "time.add" | "duration.add", (left, right)):
            return plus(sum_of(left), sum_of(right))
        case core.Operate(
            "int.subtract" | "decimal.subtract" | "time.subtract" | "time.since" | "duration.subtract", (left, right)
        ):
            return plus(sum_of(left), sum_of(right), Fraction(-1))
        case core.Operate("int.multiply" | "decimal.multiply" | "duration.multiply", (left, right)):
            one, other = sum_of(left), sum_of(right)
            if not one.terms:
                return plus(_ZERO, other, one.constant)
            if not other.terms:
                return plus(_ZERO, one, other.constant)
        case _:
            pass
    return Sum({term: Fraction(1)}, Fraction(0))


# ---------------------------------------------------------------------------------------------------------- elimination


@attrs.frozen(eq=False)
class Inequality:
    """The sum of coefficient * variable is `<= constant`, or `< constant` where `strict`. Variables are numbers."""

    coefficients: Mapping[int, Fraction]
    constant: Fraction
    strict: bool = False


def solution(
    inequalities: Iterable[Inequality], preferred: Callable[[int, Fraction | None, Fraction | None], Fraction]
) -> Mapping[int, Fraction] | None:
    """Values for the variables, or None where there are none.

    `preferred` says which value a variable should have between two bounds (None: no bound, and both are allowed unless they are
    the ends of a strict inequality, which `preferred` need not know: what it says is moved inside).

    Raises `OverflowError` where there are too many inequalities to tell.
    """
    current = list(inequalities)
    eliminated: list[tuple[int, list[Inequality]]] = []
    while True:
        current = _simplified(current)
        for inequality in current:
            if not inequality.coefficients and _false(inequality):
                return None
        current = [inequality for inequality in current if inequality.coefficients]
        variable = _cheapest(current)
        if variable is None:
            break
        concerned = [item for item in current if variable in item.coefficients]
        eliminated.append((variable, concerned))
        current = [item for item in current if variable not in item.coefficients] + _combined(variable, concerned)
        if len(current) > MOST_INEQUALITIES:
            raise OverflowError
    found: dict[int, Fraction] = {}
    for variable, concerned in reversed(eliminated):
        found[variable] = _between(variable, concerned, found, preferred)
    return found


def _false(inequality: Inequality) -> bool:
    return inequality.constant < 0 or (inequality.strict and inequality.constant == 0)


def _simplified(inequalities: Iterable[Inequality]) -> list[Inequality]:
    """Of inequalities with the same coefficients the tightest."""
    tightest: dict[tuple[tuple[int, Fraction], ...], Inequality] = {}
    for item in map(_scaled, inequalities):
        key = tuple(sorted(item.coefficients.items()))
        known = tightest.get(key)
        if known is None or (item.constant, not item.strict) < (known.constant, not known.strict):
            tightest[key] = item
    return list(tightest.values())


def _scaled(item: Inequality) -> Inequality:
    """The inequality whose first coefficient is 1 or -1."""
    if not item.coefficients:
        return item
    size = abs(item.coefficients[min(item.coefficients)])
    coefficients = {variable: coefficient / size for variable, coefficient in item.coefficients.items()}
    return Inequality(coefficients, item.constant / size, item.strict)


def _cheapest(inequalities: Iterable[Inequality]) -> int | None:
    above: dict[int, int] = {}
    below: dict[int, int] = {}
    for item in inequalities:
        for variable, coefficient in item.coefficients.items():
            side = above if coefficient > 0 else below
            side[variable] = side.get(variable, 0) + 1
    variables = sorted(above.keys() | below.keys())
    return min(variables, key=lambda v: (above.get(v, 0) * below.get(v, 0), v), default=None)


def _combined(variable: int, concerned: list[Inequality]) -> list[Inequality]:
    above = [item for item in concerned if item.coefficients[variable] > 0]
    below = [item for item in concerned if item.coefficients[variable] < 0]
    made: list[Inequality] = []
    for upper in above:
        for lower in below:
            one, other = -lower.coefficients[variable], upper.coefficients[variable]
            coefficients: dict[int, Fraction] = {}
            for item, factor in ((upper, one), (lower, other)):
                for name, coefficient in item.coefficients.items():
                    coefficients[name] = coefficients.get(name, Fraction(0)) + factor * coefficient
            left = {name: found for name, found in coefficients.items() if found}
            constant = one * upper.constant + other * lower.constant
            made.append(Inequality(left, constant, upper.strict or lower.strict))
    return made


def _between(
    variable: int,
    concerned: list[Inequality],
    found: Mapping[int, Fraction],
    preferred: Callable[[int, Fraction | None, Fraction | None], Fraction],
) -> Fraction:
    low: tuple[Fraction, bool] | None = None
    high: tuple[Fraction, bool] | None = None
    for item in concerned:
        rest = item.constant - sum(
            (value * found.get(name, Fraction(0)) for name, value in item.coefficients.items() if name != variable),
            Fraction(0),
        )
        coefficient = item.coefficients[variable]
        bound = rest / coefficient
        if coefficient > 0:
            if high is None or (bound, not item.strict) < (high[0], not high[1]):
                high = bound, item.strict
        elif low is None or (bound, item.strict) > (low[0], low[1]):
            low = bound, item.strict
    wish = preferred(variable, None if low is None else low[0], None if high is None else high[0])
    if low is not None and (wish < low[0] or (wish == low[0] and low[1])):
        wish = _inside(low, high)
    if high is not None and (wish > high[0] or (wish == high[0] and high[1])):
        wish = _inside(low, high)
    return wish


def _inside(low: tuple[Fraction, bool] | None, high: tuple[Fraction, bool] | None) -> Fraction:
    """A number between the bounds: a bound itself where it counts, else a whole number next to it, else one halfway."""
    for bound, step in ((low, 1), (high, -1)):
        if bound is None:
            continue
        if not bound[1]:
            candidates = [bound[0]]
        else:
            candidates = [Fraction(math.floor(bound[0]) + 1 if step > 0 else math.ceil(bound[0]) - 1)]
        for candidate in candidates:
            above = low is None or candidate > low[0] or (candidate == low[0] and not low[1])
            below = high is None or candidate < high[0] or (candidate == high[0] and not high[1])
            if above and below:
                return candidate
    assert low is not None
    assert high is not None
    for places in range(1, 13):
        step_size = Fraction(1, 10**places)
        candidate = (math.floor(low[0] / step_size) + 1) * step_size
        if candidate < high[0] or (candidate == high[0] and not high[1]):
            return candidate
    return (low[0] + high[0]) / 2
