"""Collections that a policy builds, as what can be asked of them: whether a member passes a test, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenetlang.analysis import applying, comparing
from tenetlang.analysis.cases import MadeRecord, Member, Members, Truth, Value, always, constant
from tenetlang.analysis.formulas import FALSE, TRUE, Formula
from tenetlang.analysis.shape import NOWHERE
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.values.collections import Map

if TYPE_CHECKING:
    from tenetlang.analysis.lowering import Lowering, Scope


def literal(lowering: Lowering, expression: core.MakeList | core.MakeSet, items: Sequence[Value]) -> Value:
    errs = lowering.formulas.any_of(item.errs for item in items)
    simple = [item.cases[0][1] for item in items if len(item.cases) == 1 and item.cases[0][0] is TRUE]
    values = [case.value for case in simple if isinstance(case, core.Constant)]
    if len(values) == len(items):
        made = tuple(values) if isinstance(expression, core.MakeList) else frozenset(values)
        return Value(((TRUE, core.Constant(made, expression.type, NOWHERE)),), errs)
    is_list = isinstance(expression, core.MakeList)

    def some(test: Member) -> Truth:
        return lowering.any_in_order(
            [test(constant(place, t.INT) if is_list else item, item) for place, item in enumerate(items)]
        )

    return Value(((TRUE, Members(some, constant(len(items), t.INT) if is_list else None)),), errs)


def comprehension(lowering: Lowering, build: core.Build, scope: Scope) -> Value:
    def some(test: Member) -> Truth:
        def then(inner: Scope) -> Truth:
            key = None if build.key is None else lowering.value(build.key, inner)
            element = lowering.value(build.element, inner)
            errs = element.errs if key is None else lowering.formulas.either(key.errs, element.errs)
            found = test(key, element.without_errors())
            return lowering.in_order(Truth(lowering.formulas.negation(errs), errs), found)

        return lowering.block(build.body, scope, then)

    whole = some(lambda _, __: Truth(FALSE))  # an error of any element is one of the whole
    return Value(((TRUE, Members(some)),), whole.errs)


def joined_members(lowering: Lowering, left: Value, right: Value, expression: core.Operate) -> Value:
    if _are_constant(left, right):
        return applying.operated_terms(lowering, expression.operator, [left, right], expression.type)

    def some(test: Member) -> Truth:
        one, other = lowering.some(left.without_errors(), test), lowering.some(right.without_errors(), test)
        return lowering.any_in_order([one, other])

    number = None
    if expression.operator == "list.concatenate":
        one, other = count(lowering, left), count(lowering, right)
        number = applying.operated_terms(lowering, "int.add", [one, other], t.INT)
    return Value(((TRUE, Members(some, number)),), lowering.formulas.either(left.errs, right.errs))


def restricted(lowering: Lowering, left: Value, right: Value, *, keep: bool) -> Value:
    def some(test: Member) -> Truth:
        def inner(key: Value | None, item: Value) -> Truth:
            within = comparing.contains(lowering, item, right.without_errors())
            return lowering.in_order(within if keep else lowering.opposite(within), test(key, item))

        return lowering.some(left.without_errors(), inner)

    return Value(((TRUE, Members(some)),), lowering.formulas.either(left.errs, right.errs))


def _are_constant(*values: Value) -> bool:
    return all(isinstance(case, core.Constant) for value in values for _, case in value.cases)


def _some_number(lowering: Lowering, nonempty: Formula) -> Value:
    """A number of members of which only is known whether it is 0."""
    number = lowering.fresh(t.INT, positive=True)
    empty = lowering.formulas.negation(nonempty)
    return Value(((empty, core.Constant(0, t.INT, NOWHERE)), (nonempty, number)))


def count(lowering: Lowering, of: Value) -> Value:
    """The number of members, or of code points of a string."""
    found: list[tuple[Formula, Value]] = []
    for when, case in of.cases:
        match case:
            case Members(count=Value() as count):
                found.append((when, count))
            case Members(some):
                found.append((when, _some_number(lowering, some(lambda _, __: Truth(TRUE)).holds)))
            case core.Constant(value):
                assert isinstance(value, tuple | frozenset | Map | str)
                found.append((when, constant(len(value), t.INT)))
            case MadeRecord():
                raise AssertionError("a record has no members")
            case _:
                found.append((when, always(core.Builtin("count", (case,), t.INT, NOWHERE))))
    joined = lowering.joined(found)
    return Value(joined.cases, lowering.formulas.either(of.errs, joined.errs))
