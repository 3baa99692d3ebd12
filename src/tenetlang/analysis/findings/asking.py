"""Cheap questions about the rules of one tool, for findings: most rules are sound, and to see that must cost little.

A finding such as *this rule never decides* is a proof that no request satisfies some formula. For a sound rule there is such a
request, and nobody wants to see it: it is enough that the search comes to a leaf (`search.py`), without making a request
of it and without asking the evaluators. So what is asked here has three answers: True (there is a leaf; maybe there is a
request), False (a proof that there is none), and None (the question would have cost more than it may).

Most pairs of rules have nothing to do with each other, which their masks say at once: two rules that both are conjunctions,
with masks of one variable that have no region in common, never match together. `Neighbours` keeps, for each variable and mask
that rules have, the set of rules with that mask as the bits of a number, as packet classifiers do (Lakshman and Stiliadis,
1998); what may match together with a rule is then a few operations on numbers, and only those rules are looked at.

Costs are counted in nodes that the search had to go through, not in seconds, so that the same policy gives the same
findings on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from tenetlang.analysis.decisions import RuleFormula
from tenetlang.analysis.formulas import FALSE, TRUE, Formula, TooLarge
from tenetlang.analysis.making import space_of
from tenetlang.analysis.questions import Scene
from tenetlang.analysis.search import OutOfBudget, Search
from tenetlang.analysis.space import All, Masks, Node
from tenetlang.program.program import Rule

MOST_PER_QUESTION: Final = 150_000
MOST_PER_TOOL: Final = 3_000_000
"""Nodes that the search may go through, times the cases in which it does."""
_MOST_MASKS: Final = 2_000


@attrs.define(eq=False)
class Asking:
    """Questions about one scene. `left` is what all questions together may still cost."""

    scene: Scene
    search: Search
    left: int = MOST_PER_TOOL
    by_name: dict[str, RuleFormula] = attrs.field(init=False)
    neighbours: Neighbours = attrs.field(init=False)
    known: dict[tuple[Formula, ...], bool | None] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.by_name = {item.rule.name: item for item in self.scene.decided.rules}
        nodes = [self.search.space.node(item.holds) for item in self.scene.decided.rules]
        self.neighbours = Neighbours(self.scene.decided.rules, nodes)

    def possible(self, formulas: Iterable[Formula]) -> bool | None:
        """Whether there may be a request for which all the formulas hold."""
        wanted = tuple(formula for formula in formulas if formula is not TRUE)
        if FALSE in wanted:
            return False
        if wanted not in self.known:
            self.known[wanted] = self._asked(wanted)
        return self.known[wanted]

    def _asked(self, wanted: tuple[Formula, ...]) -> bool | None:
        try:
            return self.leaf(wanted) is not None
        except (OutOfBudget, TooLarge, RecursionError):
            return None

    def leaf(self, formulas: Sequence[Formula]) -> tuple[Search, Masks] | None:
        """A leaf under which the formulas hold, in its search. Raises `OutOfBudget`, `TooLarge`, `RecursionError`."""
        search, nodes = self._nodes(formulas)
        each = len(nodes) + 1
        may = min(MOST_PER_QUESTION, self.left) // each
        if may < 1:
            raise OutOfBudget
        search.left = may
        try:
            found = next(search.leaves(nodes), None)
        finally:
            self.left -= each * (may - max(search.left, 0))
        return None if found is None else (search, found)

    def _nodes(self, formulas: Sequence[Formula]) -> tuple[Search, list[Node]]:
        space = self.search.space
        try:
            return self.search, [space.node(formula) for formula in formulas]
        except KeyError:  # of atoms that no rule has: in a space of its own
            search = Search(space_of(self.scene.lowering.shape, formulas))
            return search, [search.space.node(formula) for formula in formulas]

    def beside(self, item: RuleFormula) -> Sequence[RuleFormula]:
        """The other rules that may match together with this one, in their order."""
        return self.neighbours.of(item)


@attrs.define(eq=False)
class Neighbours:
    """Which rules may match one request, as far as their masks say."""

    items: Sequence[RuleFormula]
    nodes: Sequence[Node]
    places: dict[str, int] = attrs.field(init=False)
    masks: dict[int, dict[int, int]] = attrs.field(factory=dict)
    free: dict[int, int] = attrs.field(factory=dict)
    known: dict[tuple[int, int], int] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.places = {item.rule.name: place for place, item in enumerate(self.items)}
        bound: dict[int, int] = {}
        for place, node in enumerate(self.nodes):
            if isinstance(node, All):
                for number, mask in node.literals:
                    by_mask = self.masks.setdefault(number, {})
                    by_mask[mask] = by_mask.get(mask, 0) | 1 << place
                    bound[number] = bound.get(number, 0) | 1 << place
        everyone = (1 << len(self.items)) - 1
        self.free = {number: everyone & ~rules for number, rules in bound.items()}

    def of(self, item: RuleFormula) -> Sequence[RuleFormula]:
        """The other rules that may match together with this one, in their order."""
        place = self.places[item.rule.name]
        found = (1 << len(self.items)) - 1
        node = self.nodes[place]
        if isinstance(node, All):
            for number, mask in node.literals:
                found &= self._with(number, mask)
        return [self.items[other] for other in bits(found & ~(1 << place))]

    def _with(self, number: int, mask: int) -> int:
        """The rules whose mask for the variable has a region in common with this one, as bits."""
        key = number, mask
        if key not in self.known:
            by_mask = self.masks[number]
            found = self.free[number]
            if len(by_mask) > _MOST_MASKS:
                found = (1 << len(self.items)) - 1
            else:
                for other, rules in by_mask.items():
                    if mask & other:
                        found |= rules
            self.known[key] = found
        return self.known[key]


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def in_file_order(rules: Iterable[Rule]) -> list[Rule]:
    """The rules by file and place."""
    return sorted(rules, key=lambda rule: (rule.at.text.name, rule.at.start, rule.name))
