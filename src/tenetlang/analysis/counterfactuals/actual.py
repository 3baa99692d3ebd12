"""What formulas and the variables of a space are for one actual request.

A term is evaluated by the reference evaluator, which stands above this package and is handed in as a `Situation`; atoms and
formulas are put together from terms. Where a term errs, or nobody knows what it is, so is what is made of it: `None`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Protocol, TypeAlias

from tenetlang.analysis.formulas import Among, Atom, Below, Equal, Fits, Formula, Linear, Some, There
from tenetlang.analysis.regions import Key, Variable, is_ordered, line, region_of
from tenetlang.analysis.shape import plain
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.collections import Map
from tenetlang.values.numbers import to_decimal
from tenetlang.values.order import sorted_values
from tenetlang.values.patterns import matcher

Scope: TypeAlias = Mapping[str, object]


class Untold(Exception):
    """There is no telling: the term errs, or it is one of which nothing is known."""


class Situation(Protocol):
    """One valid request with its documents."""

    @property
    def inputs(self) -> Mapping[str, object]:
        """The request, typed."""

    @property
    def data(self) -> Mapping[tuple[str, str], object]:
        """The documents, typed, by package and name."""

    def value(self, term: Expression, scope: Scope) -> object:
        """The value of the term; None where it is absent. Raises `Untold`."""


def region(situation: Situation, variable: Variable) -> int | None:
    """The mask of the one region in which the variable lies; None where there is no telling, or nothing to lie there."""
    if variable.elements:
        return None
    try:
        found = _region(situation, variable, variable.key)
    except Untold:
        return None
    return None if found is None or not found & variable.initial else found


def _region(situation: Situation, variable: Variable, key: Key) -> int | None:
    if not isinstance(key, core.Expression):
        return TRUE_BIT if _atom(situation, key, {}) else FALSE_BIT
    value = situation.value(key, {})
    return None if value is None else 1 << region_of(variable, value)


def holds(situation: Situation, formula: Formula, scope: Scope) -> bool | None:
    """Whether the formula holds, with these members as its elements."""
    if formula.kind == "literal":
        assert formula.atom is not None
        try:
            return _atom(situation, formula.atom, scope) == formula.positive
        except Untold:
            return None
    decisive = formula.kind == "or"
    found: bool | None = not decisive
    for item in formula.items:
        said = holds(situation, item, scope)
        if said is decisive:
            return decisive
        found = None if said is None else found
    return found


def _atom(situation: Situation, atom: Atom, scope: Scope) -> bool:
    match atom:
        case There(term):
            return situation.value(term, scope) is not None
        case Some(collection, key, member, body):
            return _some(situation, collection, (key, member, body), scope)
        case Equal(left, right):
            return _value(situation, left, scope) == _value(situation, right, scope)
        case Linear(terms, relation, constant):
            total = sum((factor * _number(situation, term, scope) for term, factor in terms), Fraction(0))
            return (
                total == constant if relation == "==" or (relation == "<=" and total == constant) else total < constant
            )
        case Among(term, values):
            return _value(situation, term, scope) in values
        case Below(term, constant, inclusive):
            value = _value(situation, term, scope)
            if is_ordered(term.type):
                place, limit = line(value), line(constant)
                return inclusive if place == limit else place < limit  # type: ignore[operator]  # both of one kind
            assert isinstance(constant, str)
            return str(value) < constant or (inclusive and str(value) == constant)
        case Fits(term, syntax, segment):
            value = _value(situation, term, scope)
            fits = matcher(syntax)
            return any(fits(str(part)) for part in getattr(value, segment)) if segment else fits(str(value))


def _some(
    situation: Situation, collection: Expression, bound: tuple[core.Local | None, core.Local, Formula], scope: Scope
) -> bool:
    key, member, body = bound
    unknown = False
    for name, item in members(_value(situation, collection, scope)):
        inner = {**scope, member.name: item}
        if key is not None:
            inner[key.name] = name
        said = holds(situation, body, inner)
        if said:
            return True
        unknown = unknown or said is None
    if unknown:
        raise Untold
    return False


def members(collection: object) -> Iterator[tuple[object, object]]:
    """Keys or positions, and members; of a set the member twice."""
    match collection:
        case tuple():
            yield from enumerate(collection)
        case Map():
            yield from ((name, collection[name]) for name in sorted_values(collection))
        case frozenset():
            yield from ((item, item) for item in sorted_values(collection))
        case _:
            raise Untold


def _value(situation: Situation, term: Expression, scope: Scope) -> object:
    value = situation.value(term, scope)
    if value is None:
        raise Untold
    return value


def _number(situation: Situation, term: Expression, scope: Scope) -> Fraction:
    place = line(_value(situation, term, scope))
    assert isinstance(place, Fraction)
    return place


def as_constant(term: Expression, value: object) -> Among | None:
    """The atom that makes the value a region of its own."""
    type_ = plain(term.type)
    if not isinstance(type_, t.Scalar | t.UnionType) or (
        isinstance(type_, t.Scalar) and type_.name in {"json", "arguments", "tool", "verdict", "glob", "regex"}
    ):
        return None
    if type_ == t.DECIMAL and isinstance(value, int):
        value = to_decimal(value)
    return Among(term, (value,))
