"""A node without what is settled: what is left of the formula of a verdict when most of a request stays as it is.

Of a hundred rules, a change of one argument touches a few. For each node it is computed once which parts of the request it
depends on, and whether it holds for the request as it is; a node that depends on nothing that changes is then replaced
by its truth without a look inside, and what is left of a node is the same whatever else changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from tenetlang.analysis.space import EVERYTHING, NOTHING, All, Either, Node


@attrs.define(eq=False)
class Reducing:
    """`dependent` are the parts that each variable depends on, `fixed` the region of each variable that has a known one."""

    dependent: Sequence[frozenset[int]]
    fixed: Mapping[int, int]
    known: dict[int, tuple[Node, frozenset[int], bool | None]] = attrs.field(factory=dict)
    left: dict[tuple[int, frozenset[int]], Node] = attrs.field(factory=dict)

    def reduced(self, node: Node, changing: frozenset[int]) -> Node:
        """What is left of the node where all but these parts is as it is."""
        _, parts, truth = self._about(node)
        touched = parts & changing
        if not touched:
            return node if truth is None else EVERYTHING if truth else NOTHING
        found = self.left.get((id(node), touched))
        if found is None:
            found = self.left[id(node), touched] = self._reduced(node, touched)
        return found

    def _reduced(self, node: Node, changing: frozenset[int]) -> Node:
        decisive = isinstance(node, Either)
        literals: list[tuple[int, int]] = []
        for literal in node.literals:
            said = None if self.dependent[literal[0]] & changing else self._literal(*literal)
            if said is decisive:
                return EVERYTHING if decisive else NOTHING
            if said is None:
                literals.append(literal)
        others: list[Node] = []
        for other in node.others:
            left = self.reduced(other, changing)
            if left is (EVERYTHING if decisive else NOTHING):
                return left
            if left is not (NOTHING if decisive else EVERYTHING):
                others.append(left)
        if not literals and not others:
            return NOTHING if decisive else EVERYTHING
        made = Either if decisive else All
        return made(tuple(literals), tuple(others))

    def _literal(self, number: int, mask: int) -> bool | None:
        fixed = self.fixed.get(number)
        return None if fixed is None else True if fixed & mask == fixed else None if fixed & mask else False

    def _about(self, node: Node) -> tuple[Node, frozenset[int], bool | None]:
        """The node (so that it lives as long as its number is used), its parts, and whether it holds as things are."""
        found = self.known.get(id(node))
        if found is None:
            decisive = isinstance(node, Either)
            said = [self._literal(*literal) for literal in node.literals]
            parts = [self.dependent[number] for number, _ in node.literals]
            for other in node.others:
                _, inner, truth = self._about(other)
                parts.append(inner)
                said.append(truth)
            truth = decisive if decisive in said else None if None in said else not decisive
            found = self.known[id(node)] = node, frozenset[int]().union(*parts), truth
        return found
