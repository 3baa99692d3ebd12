"""The few shapes of SQL that policies are lowered to, as nodes of sqlglot; everything that could bind loosely is in parentheses."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlglot import exp

Sql = exp.Expr

TRUE: Final[Sql] = exp.true()
FALSE: Final[Sql] = exp.false()
NULL: Final[Sql] = exp.null()


def column(name: str) -> Sql:
    return exp.column(name, quoted=True)


def text(value: str) -> Sql:
    return exp.Literal.string(value)


def number(value: int) -> Sql:
    """A whole number of 64 bits. The smallest one has no literal: its digits are too large before the sign comes to them."""
    if value == -(2**63):
        return exp.Paren(this=exp.Sub(this=number(value + 1), expression=exp.Literal.number(1)))
    literal = exp.Literal.number(abs(value))
    return literal if value >= 0 else exp.Paren(this=exp.Neg(this=literal))


def decimal(value: Decimal, whole: int, places: int) -> Sql:
    return cast(text(f"{value:f}"), whole, places)


def cast(of: Sql, whole: int, places: int) -> Sql:
    """As a decimal with so many digits before and after the point."""
    return exp.Cast(this=of.copy(), to=exp.DataType.build(f"DECIMAL({whole + places}, {places})"))


def as_int(of: Sql) -> Sql:
    return exp.Cast(this=of.copy(), to=exp.DataType.build("BIGINT"))


def every(items: Sequence[Sql]) -> Sql:
    """All of them; built as a balanced tree, because thousands in a row are more than a parser's stack."""
    return _balanced([item for item in items if item != TRUE], exp.And, TRUE)


def some(items: Sequence[Sql]) -> Sql:
    """Any of them."""
    return _balanced([item for item in items if item != FALSE], exp.Or, FALSE)


def total(items: Sequence[Sql]) -> Sql:
    """Their sum."""
    return _balanced(items, exp.Add, exp.Literal.number(0))


def _balanced(items: Sequence[Sql], joined: type[Sql], empty: Sql) -> Sql:
    if not items:
        return empty.copy()
    if len(items) == 1:
        return items[0].copy()
    middle = len(items) // 2
    left, right = (_balanced(part, joined, empty) for part in (items[:middle], items[middle:]))
    return exp.Paren(this=joined(this=left, expression=right))


def negated(of: Sql) -> Sql:
    if of == TRUE:
        return FALSE.copy()
    if of == FALSE:
        return TRUE.copy()
    return exp.Paren(this=exp.Not(this=exp.Paren(this=of.copy())))


def compared(operator: str, left: Sql, right: Sql) -> Sql:
    kinds: dict[str, type[Sql]] = {
        "==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE
    }  # fmt: skip
    return exp.Paren(this=kinds[operator](this=left.copy(), expression=right.copy()))


def among(of: Sql, values: Sequence[Sql]) -> Sql:
    """Whether it is one of the values."""
    if not values:
        return FALSE.copy()
    return exp.Paren(this=exp.In(this=of.copy(), expressions=[value.copy() for value in values]))


def present(of: Sql) -> Sql:
    return negated(exp.Is(this=of.copy(), expression=NULL.copy()))


def absent(of: Sql) -> Sql:
    return exp.Paren(this=exp.Is(this=of.copy(), expression=NULL.copy()))


def or_else(of: Sql, otherwise: Sql) -> Sql:
    return exp.Coalesce(this=of.copy(), expressions=[otherwise.copy()])


def holds(of: Sql) -> Sql:
    """The condition, FALSE where it is NULL."""
    return of.copy() if of in (TRUE, FALSE) else or_else(of, FALSE)


def chosen(arms: Sequence[tuple[Sql, Sql]], otherwise: Sql | None) -> Sql:
    """The first value whose condition holds."""
    if not arms:
        return (NULL if otherwise is None else otherwise).copy()
    case = exp.Case(
        ifs=[exp.If(this=condition.copy(), true=value.copy()) for condition, value in arms],
        default=None if otherwise is None else otherwise.copy(),
    )
    return exp.Paren(this=case)


def matches(of: Sql, pattern: str) -> Sql:
    """Whether the whole of a text matches; the pattern says so itself, since engines differ in what they search."""
    return exp.RegexpLike(this=of.copy(), expression=text(rf"\A(?:{pattern})\z"))


def filtered(of: Sql, name: str, condition: Sql) -> Sql:
    """How many members of a list satisfy the condition, in which the name is a member."""
    function = exp.Lambda(this=condition.copy(), expressions=[exp.to_identifier(name)])
    return exp.ArraySize(this=exp.ArrayFilter(this=of.copy(), expression=function))


def variable(name: str) -> Sql:
    return exp.column(name)


def length(of: Sql) -> Sql:
    return exp.ArraySize(this=of.copy())


def characters(of: Sql) -> Sql:
    return exp.Length(this=of.copy())


def distinct(of: Sql) -> Sql:
    return exp.ArrayDistinct(this=of.copy())


def starts_with(of: Sql, prefix: str) -> Sql:
    return exp.StartsWith(this=of.copy(), expression=text(prefix))


def after(of: Sql, separator: str) -> Sql:
    """What stands behind the first separator."""
    place = exp.Add(this=exp.StrPosition(this=of.copy(), substr=text(separator)), expression=exp.Literal.number(1))
    return exp.Substring(this=of.copy(), start=place)


def arithmetic(operation: str, left: Sql, right: Sql) -> Sql:
    """`add`, `subtract` or `multiply`."""
    kinds: dict[str, type[Sql]] = {"add": exp.Add, "subtract": exp.Sub, "multiply": exp.Mul}
    return exp.Paren(this=kinds[operation](this=left.copy(), expression=right.copy()))
