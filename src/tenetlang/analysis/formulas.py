"""Formulas: what conditions say of a request, as far as the analysis can take them apart.

A formula is made of *atoms* with `and` and `or`; negation stands at the atoms only. An atom says one thing of one or more
*terms*; a term is an expression of the core language in which everything is inlined, so that what is left at its bottom
is a part of the request, a document, or the element of a collection (`Local`). Equal formulas are one object: a `Formulas` keeps
all that it has made, so that comparing two costs nothing, and what was found out of one is found out once.

    Among(term, values)          the term is one of these constants; for `bool`, that it is true
    Below(term, constant)        order: `<`, or `<=` where `inclusive`
    Fits(term, pattern)          a text matches the pattern, as a whole
    There(term)                  an optional part is there
    Some(collection, …, body)    the collection has a member of which `body` holds
    Equal(left, right)           two terms have one value
    Linear(coefficients, …)      a sum of numbers, each times a constant, is at most (or below, or exactly) a constant

What no atom says is left as `Among(term, (True,))` of a term that only an evaluator understands. Nothing is assumed of
it, so a formula that can't hold whatever it may be can't hold at all: that is a proof. A formula that seems to hold has
to be shown by a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.analysis.shape import NOWHERE
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.expression import Expression, Local
from tenetlang.program.types import Type
from tenetlang.values.pattern_syntax import PatternSyntax


@frozen
class Among:
    """The term is one of `values`, which are sorted and distinct; at least one."""

    term: Expression
    values: tuple[object, ...]


@frozen
class Below:
    """`term < constant`, or `term <= constant` where `inclusive`."""

    term: Expression
    constant: object
    inclusive: bool


@frozen
class Fits:
    """The text of the term, or where `segment` some member of that part of it, matches as a whole."""

    term: Expression
    syntax: PatternSyntax
    segment: str = ""


@frozen
class There:
    term: Expression


@frozen
class Some:
    """`key` is the variable of positions or keys, where one is bound."""

    collection: Expression
    key: Local | None
    value: Local
    body: Formula


@frozen
class Equal:
    """The two terms, in the order of their texts, are of one type that is no number."""

    left: Expression
    right: Expression


@frozen
class Linear:
    """The sum of `coefficient * term` is `<= constant`, `< constant` or `== constant`.

    At least two terms, sorted; the first has the coefficient 1 or -1.
    """

    terms: tuple[tuple[Expression, Fraction], ...]
    relation: Literal["<=", "<", "=="]
    constant: Fraction


Atom: TypeAlias = Among | Below | Fits | There | Some | Equal | Linear


@attrs.frozen(eq=False)
class Formula:
    """One formula of a `Formulas`; equal ones are one object.

    `kind` says which of the others count: `literal` has the atom and whether it is meant or its opposite, `and` and `or` have
    their items (`and` of none is true, `or` of none is false).
    """

    kind: Literal["literal", "and", "or"]
    atom: Atom | None = None
    positive: bool = True
    items: tuple[Formula, ...] = ()


TRUE: Final = Formula("and")
FALSE: Final = Formula("or")

_MOST_NODES: Final = 400_000


class TooLarge(Exception):
    """The formulas of a policy have more parts than the analysis takes on."""


@attrs.define(eq=False)
class Formulas:
    """Makes formulas, equal ones once, and small where that is easy."""

    literals: dict[Atom, tuple[Formula, Formula]] = attrs.field(factory=dict)
    combined: dict[tuple[str, tuple[int, ...]], Formula] = attrs.field(factory=dict)
    opposites: dict[Formula, Formula] = attrs.field(factory=dict)
    unknowns: dict[object, Local] = attrs.field(factory=dict)
    elements: dict[Formula, frozenset[str]] = attrs.field(factory=dict)
    """What `elements_of` gives for formulas."""
    collections: dict[Expression, int] = attrs.field(factory=dict)

    def literal(self, atom: Atom, *, positive: bool = True) -> Formula:
        found = self.literals.get(atom)
        if found is None:
            found = self.literals[atom] = Formula("literal", atom), Formula("literal", atom, positive=False)
            self.opposites[found[0]], self.opposites[found[1]] = found[1], found[0]
        return found[0] if positive else found[1]

    def unknown(self, key: object, type_: Type, *, positive: bool = False) -> Local:
        """A term of which nothing is known but its type, or that it is at least 1; the same one for the same key."""
        if key not in self.unknowns:
            # The name says of which elements it speaks: for another element it is another value.
            about = sorted(binders_of(frozenset(elements_of(key, self.elements))))
            self.unknowns[key] = Local(
                f"?{len(self.unknowns)}{'+' if positive else ''}{''.join(about)}", type_, NOWHERE
            )
        return self.unknowns[key]

    def fresh(self, type_: Type, members: tuple[Local, ...], *, positive: bool = False) -> Local:
        """A term of which nothing is known, not even that it is any other; it may depend on these members."""
        return self.unknown(("fresh", len(self.unknowns), members), type_, positive=positive)

    def member_of(self, collection: Expression, nested: int) -> str:
        """The name of a member of the collection, one for all that is said of its members: `#3`; `#3'` within what is said of
        a member of the same collection, and so on."""
        number = self.collections.setdefault(collection, len(self.collections) + 1)
        return f"#{number}" + "'" * nested

    def speaks_of(self, formula: Formula) -> frozenset[str]:
        """The elements of collections (`#1`) of which the formula says something."""
        return binders_of(frozenset(elements_of(formula, self.elements)))

    def both(self, *items: Formula) -> Formula:
        """All of the items hold."""
        if len(items) == 2:
            if items[0] is TRUE or items[1] is FALSE:
                return items[1]
            if items[1] is TRUE or items[0] is FALSE:
                return items[0]
        return self.all_of(items)

    def either(self, *items: Formula) -> Formula:
        """One of the items holds."""
        if len(items) == 2:
            if items[0] is FALSE or items[1] is TRUE:
                return items[1]
            if items[1] is FALSE or items[0] is TRUE:
                return items[0]
        return self.any_of(items)

    def all_of(self, items: Iterable[Formula]) -> Formula:
        return self._combined("and", items, TRUE, FALSE)

    def any_of(self, items: Iterable[Formula]) -> Formula:
        return self._combined("or", items, FALSE, TRUE)

    def _combined(
        self, kind: Literal["and", "or"], items: Iterable[Formula], nothing: Formula, everything: Formula
    ) -> Formula:
        flat: dict[Formula, None] = {}
        for item in items:
            if item is everything:
                return everything
            if item.kind == kind:
                flat.update(dict.fromkeys(item.items))
            else:
                flat[item] = None
        if len(flat) <= 1:
            return next(iter(flat), nothing)
        if any(item.kind == "literal" and self.opposites[item] in flat for item in flat):
            return everything
        key = kind, tuple(map(id, flat))
        found = self.combined.get(key)
        if found is None:
            if len(self.combined) > _MOST_NODES:
                raise TooLarge
            found = self.combined[key] = Formula(kind, items=tuple(flat))
        return found

    def negation(self, formula: Formula) -> Formula:
        """The opposite: it holds exactly where the formula does not."""
        found = self.opposites.get(formula)
        if found is None:
            opposites = map(self.negation, formula.items)
            found = self.any_of(opposites) if formula.kind == "and" else self.all_of(opposites)
            self.opposites[formula] = found
            self.opposites.setdefault(found, formula)
        return found


def elements_of(key: object, known: dict[Formula, frozenset[str]] | None = None) -> Iterator[str]:
    """The names of the elements of which a term, an atom, a formula or a tuple of them speaks, those that it binds left out.

    `known` keeps what was found of formulas, which share their parts.
    """
    known = {} if known is None else known
    match key:
        case core.Local(name) if name[0] == "?":
            yield from (f"#{level}" for level in name.split("#")[1:])
        case core.Local(name):
            yield name
        case Some(collection, bound_key, value, body):
            yield from elements_of(collection, known)
            own = {value.name} if bound_key is None else {value.name, bound_key.name}
            yield from (name for name in elements_of(body, known) if name not in own)
        case tuple():
            for item in key:
                yield from elements_of(item, known)
        case Formula(atom=atom, items=items):
            if key not in known:
                known[key] = frozenset(elements_of(items if atom is None else atom, known))
            yield from known[key]
        case Linear(terms):
            for term, _ in terms:
                yield from elements_of(term, known)
        case Among(term) | Below(term) | Fits(term) | There(term):
            yield from elements_of(term, known)
        case Equal(left, right):
            yield from elements_of(left, known)
            yield from elements_of(right, known)
        case core.Field(of) | core.Part(of) | core.Narrow(of) | core.Widen(of) | core.IsType(of):
            yield from elements_of(of, known)
        case core.Index(left, right) | core.Contains(left, right) | core.Matches(left, right):
            yield from elements_of(left, known)
            yield from elements_of(right, known)
        case core.Operate(operands=operands) | core.Builtin(arguments=operands):
            for operand in operands:
                yield from elements_of(operand, known)
        case _:
            pass


def binders_of(names: frozenset[str]) -> frozenset[str]:
    """`#1` for `#1` and `#1.key`."""
    return frozenset(name.partition(".")[0] for name in names)
