"""The space of the requests that some formulas speak of: a few variables, each with a few regions.

What formulas say of one term divides its values into *regions* within which no formula can tell two values apart:

    bool, unions             each literal
    numbers, times, ip, …    each constant that is compared with, and the gaps before, between and behind them
    texts and all else       each constant, and the other texts together; each pattern is a variable of its own
    There, Some, Equal, …    false and true

So a set of values of a variable is a mask with one bit for each region, and that is all the search works with: a request
class is a list of masks. A gap in which no value of the type lies (between 5 and 6, above the largest time) has no bit.

How variables hang together is said by *groups*: a text with its patterns and parts, a collection with what is said of its
members, the sums and equalities between terms. The search asks them whenever one of their variables has been narrowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import attrs

from tenetlang.analysis.formulas import Among, Atom, Below, Fits, Formula, Linear, TooLarge
from tenetlang.analysis.regions import Key, Variable, line, place_of
from tenetlang.analysis.shape import Shape
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.pattern_syntax import ANYTHING, AnyOf, PatternSyntax, any_of, choice, sequence
from tenetlang.values.pattern_syntax import Literal as LiteralText

FALSE_BIT: Final = 1
TRUE_BIT: Final = 2
"""The regions of a variable that is false or true."""


@frozen
class All:
    """All of the literals and the others hold. A literal is a variable and the mask that it has to be in."""

    literals: tuple[tuple[int, int], ...]
    others: tuple[Node, ...] = ()


@frozen
class Either:
    """One of the literals or of the others holds."""

    literals: tuple[tuple[int, int], ...]
    others: tuple[Node, ...] = ()


Masks: TypeAlias = list[int]
"""One mask for each variable."""

Node: TypeAlias = "All | Either"

MOST_PARTS: Final = 500_000
"""Literals of one node, with those of its parts wherever they are."""
NOTHING, EVERYTHING = Either(()), All(())


@attrs.frozen(eq=False)
class TextGroup:
    """A text with the patterns that it may match, and its parts."""

    variable: int
    patterns: tuple[tuple[int, PatternSyntax, str], ...]
    parts: tuple[tuple[str, int], ...]
    type: str
    refinement: t.Refinement | None
    length: int | None


@attrs.frozen(eq=False)
class MemberGroup:
    """A collection, and what is said of its members: for each `Some` its variable, the body and the body's opposite.

    `inside` are the variables of a member, `outside` all others on which it may depend whether there can be such a member.
    """

    collection: Expression
    element: core.Local
    somes: tuple[tuple[int, Node, Node], ...]
    count: int | None
    inside: tuple[int, ...]
    outside: tuple[int, ...]


@attrs.frozen(eq=False)
class RelationGroup:
    """Sums and equalities that share terms."""

    linear: tuple[tuple[int, Linear], ...]
    equal: tuple[tuple[int, int, int], ...]
    variables: tuple[int, ...]


@attrs.frozen(eq=False)
class TermGroup:
    """A term that only an evaluator can compute, and the variables from which it is computed."""

    variable: int
    term: Expression
    inputs: tuple[int, ...]


Group: TypeAlias = TermGroup | TextGroup | MemberGroup | RelationGroup


@attrs.define(eq=False)
class Space:
    """The variables, groups and compiled formulas of one question. Made by `space_of`."""

    shape: Shape
    variables: list[Variable] = attrs.field(factory=list)
    by_key: dict[Key, Variable] = attrs.field(factory=dict)
    groups: list[Group] = attrs.field(factory=list)
    nodes: dict[Formula, Node] = attrs.field(factory=dict)
    sizes: dict[int, tuple[Node, int]] = attrs.field(factory=dict)
    """By identity, how many literals nodes have, those that parts share counted wherever they are."""

    def size_of(self, node: Node) -> int:
        known = self.sizes.get(id(node))
        if known is None:
            size = 1 + len(node.literals) + sum(map(self.size_of, node.others))
            known = self.sizes[id(node)] = node, size
        return known[1]

    def node(self, formula: Formula) -> Node:
        """The formula as conditions on the variables; of those with which the space was made. Raises `KeyError`, `TooLarge`."""
        found = self.nodes.get(formula)
        if found is None:
            found = self.nodes[formula] = self._compiled(formula)
        return found

    def _compiled(self, formula: Formula) -> Node:
        if formula.kind == "literal":
            assert formula.atom is not None
            number, mask = self.literal(formula.atom)
            if not formula.positive:
                mask = self.variables[number].full & ~mask
            mask &= self.variables[number].initial
            if mask == self.variables[number].initial:
                return EVERYTHING
            return All(((number, mask),)) if mask else NOTHING
        return combined([self.node(item) for item in formula.items], all_of=formula.kind == "and", space=self)

    def literal(self, atom: Atom) -> tuple[int, int]:
        """The variable of an atom, and for which of its regions the atom holds.

        Raises `KeyError` for an atom, or a constant, with which the space was not made.
        """
        match atom:
            case Among(term, values):
                variable = self.by_key[term]
                mask = 0
                for value in values:
                    place = variable.places.get(place_of(variable, value))
                    if place is not None:
                        mask |= 1 << (2 * place + 1 if variable.kind == "ordered" else place)
                    elif variable.kind != "finite":
                        raise KeyError(value)
                return variable.number, mask
            case Below(term, constant, inclusive) if (variable := self.by_key[term]).kind == "ordered":
                place = variable.places[line(constant)]
                return variable.number, (1 << (2 * place + (2 if inclusive else 1))) - 1
            case Below(term, constant, inclusive):
                assert isinstance(constant, str)
                return self.by_key[Fits(term, texts_below(constant, inclusive=inclusive))].number, TRUE_BIT
            case _:
                return self.by_key[atom].number, TRUE_BIT


def combined(nodes: Sequence[Node], *, all_of: bool, space: Space) -> Node:
    """The conjunction or disjunction of nodes, with literals of one variable made one."""
    if sum(map(space.size_of, nodes)) > MOST_PARTS:
        raise TooLarge
    masks: dict[int, int] = {}
    others: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, All) == all_of or (len(node.literals) == 1 and not node.others):
            for number, mask in node.literals:
                known = masks.get(number)
                masks[number] = mask if known is None else known & mask if all_of else known | mask
            others.update(dict.fromkeys(node.others))
        elif not node.literals and not node.others:
            return node  # nothing within all, or everything within either
        else:
            others[node] = None
    for number in list(masks):
        initial = space.variables[number].initial
        if all_of and not masks[number] & initial:
            return NOTHING
        if not all_of and masks[number] & initial == initial:
            return EVERYTHING
    literals = tuple(sorted(masks.items()))
    return All(literals, tuple(others)) if all_of else Either(literals, tuple(others))


def texts_below(constant: str, *, inclusive: bool) -> PatternSyntax:
    """The texts that come before the constant: its beginnings, and those that first differ from it by less."""
    options: list[PatternSyntax] = [
        sequence([LiteralText(constant[:length])] if length else []) for length in range(len(constant))
    ]
    for place, character in enumerate(constant):
        smaller = any_of(((0, ord(character) - 1),)) if ord(character) else AnyOf(())
        options.append(sequence([*([LiteralText(constant[:place])] if place else []), smaller, ANYTHING]))
    if inclusive:
        options.append(LiteralText(constant) if constant else sequence([]))
    return choice(options)


def variables_of(node: Node) -> Iterator[int]:
    for number, _ in node.literals:
        yield number
    for other in node.others:
        yield from variables_of(other)
