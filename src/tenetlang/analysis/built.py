"""Collections that a policy builds, as what can be asked of them: whether a member passes a test, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tenetlang.analysis import applying, comparing
from tenetlang.analysis.cases import MadeRecord, Member, Members, Truth, Value, always, constant
from tenetlang.analysis.formulas import FALSE, TRUE, Formula
from tenetlang.analysis.linear import sum_of
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
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
    if isinstance(expression, core.MakeSet):
        return Value(((TRUE, unordered(lowering, lambda test: _in_order(lowering, items, test))),), errs)
    return Value(((TRUE, Members(lambda test: _in_order(lowering, items, test), constant(len(items), t.INT))),), errs)


def _in_order(lowering: Lowering, items: Sequence[Value], test: Member) -> Truth:
    return lowering.any_in_order([test(constant(place, t.INT), item) for place, item in enumerate(items)])


def unordered(lowering: Lowering, some: Callable[[Member], Truth]) -> Members:
    """A collection with these members, in an order and at positions that are not known."""
    return Members(lambda test: lowering.in_any_order(lambda inner: some(lambda _, item: inner(None, item)), test))


def made_map(lowering: Lowering, entries: Sequence[tuple[Value, Value]]) -> Value:
    """A map that is written out: of entries with one key the last is there."""
    errs = lowering.formulas.any_of(item.errs for pair in entries for item in pair)
    stays = [
        lowering.formulas.negation(
            lowering.formulas.any_of(comparing.equal(lowering, key, later) for later, _ in entries[place + 1 :])
        )
        for place, (key, _) in enumerate(entries)
    ]

    def some(test: Member) -> Truth:
        return lowering.any_in_order(
            [
                lowering.in_order(Truth(stay), test(*entry))
                for stay, entry in zip(stays, entries, strict=True)
                if stay is not FALSE
            ]
        )

    return Value(((TRUE, Members(lambda test: lowering.in_any_order(some, test))),), errs)


def comprehension(lowering: Lowering, build: core.Build, scope: Scope) -> Value:
    def some(test: Member) -> Truth:
        def then(inner: Scope) -> Truth:
            key = None if build.key is None else lowering.value(build.key, inner)
            element = lowering.value(build.element, inner)
            errs = element.errs if key is None else lowering.formulas.either(key.errs, element.errs)
            found = test(key, element.without_errors())
            if replaced:  # by a later element with the same key, perhaps
                found = lowering.in_order(Truth(comparing.unknown(lowering)), found)
            return lowering.in_order(Truth(lowering.formulas.negation(errs), errs), found)

        return lowering.block(build.body, scope, then)

    replaced = build.kind == "map" and not _own_keys(build)
    whole = some(lambda _, __: Truth(FALSE))  # an error of any element is one of the whole
    if build.kind == "list":
        return Value(((TRUE, Members(some)),), whole.errs)
    return Value(((TRUE, Members(lambda test: lowering.in_any_order(some, test))),), whole.errs)


def _own_keys(build: core.Build) -> bool:
    """Whether each element surely has a key of its own: that of a map, or the member of a set."""
    chosen = [step.bound for step in build.body if isinstance(step, core.Choose)]
    if len(chosen) != 1 or not isinstance(build.key, core.Local):
        return False
    (bound,) = chosen
    match plain(bound.source.type):
        case t.MapType():
            return bound.key is not None and bound.key.name == build.key.name
        case t.SetType():
            return bound.value.name == build.key.name
        case _:
            return False


def joined_members(lowering: Lowering, left: Value, right: Value, expression: core.Operate) -> Value:
    if _are_constant(left, right):
        return applying.operated_terms(lowering, expression.operator, [left, right], expression.type)

    errs = lowering.formulas.either(left.errs, right.errs)
    if expression.operator == "set.union":
        return Value(((TRUE, unordered(lowering, lambda test: _one_then(lowering, left, right, None, test))),), errs)
    one, other = count(lowering, left), count(lowering, right)
    number = applying.operated_terms(lowering, "int.add", [one, other], t.INT)
    if not all(fits_a_request(case) for _, case in number.cases):
        errs = lowering.formulas.either(errs, comparing.unknown(lowering))
    return Value(((TRUE, Members(lambda test: _one_then(lowering, left, right, one, test), number)),), errs)


def _one_then(lowering: Lowering, left: Value, right: Value, before: Value | None, test: Member) -> Truth:
    """A member of the left or of the right, which come after so many."""

    def behind(key: Value | None, item: Value) -> Truth:
        if key is None or before is None:
            return test(None, item)
        return test(applying.operated_terms(lowering, "int.add", [before, key], t.INT), item)

    one, other = lowering.some(left.without_errors(), test), lowering.some(right.without_errors(), behind)
    return lowering.any_in_order([one, other])


_MOST_BESIDE: Final = 2
"""Members beside those of a request that surely find room: a request holds more values than these."""


def fits_a_request(number: Expression | MadeRecord | Members) -> bool:
    """Whether the number counts members of parts of one request, each once, so that a list of all of them is not too long."""
    if isinstance(number, MadeRecord | Members):
        return False
    counted = sum_of(number)
    return counted.constant <= _MOST_BESIDE and all(
        coefficient == 1 and isinstance(term, core.Builtin) and term.name == "count" and _is_argument(term.arguments[0])
        for term, coefficient in counted.terms.items()
    )


def _is_argument(term: Expression) -> bool:
    return isinstance(term, core.Read) and term.path[0] != "data"


def flattened(lowering: Lowering, of: Value, type_: t.Type) -> Value:
    def some(test: Member) -> Truth:
        return lowering.some(
            of.without_errors(), lambda _, inner: lowering.some(inner, lambda _, item: test(None, item))
        )

    errs = of.errs
    if not all(
        isinstance(case, core.Constant) or (isinstance(case, core.Read) and _is_argument(case)) for _, case in of.cases
    ):
        errs = lowering.formulas.either(errs, comparing.unknown(lowering))
    return Value(((TRUE, unordered(lowering, some) if isinstance(plain(type_), t.SetType) else Members(some)),), errs)


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
