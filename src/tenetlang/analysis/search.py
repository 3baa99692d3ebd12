"""The search for a request class in which formulas hold.

A state is one mask for each variable of the space (`space.py`): the regions in which the variable may still lie. A literal narrows
one mask. What must hold is narrowed until nothing changes, by the literals, by disjunctions of which one part is left, and by
the groups, which know what their variables mean together. If a mask becomes empty there is no such request: since regions
are never dropped that hold a value for which all could be true, that is a proof. Where a disjunction is left open,
its parts are tried in turn, each without what the parts before it say, as in the procedure of Davis, Logemann and Loveland
(1962). What is left at the end is a *leaf*: masks under which all formulas hold whatever regions are chosen, as far as
regions and groups can tell. `models.py` makes a request of it.

Members of a collection are searched for in the same way, a level below: for a `Some` that must hold there must be a member
of which its body holds, and the body of no `Some` that must not. Each such question is asked once and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.computed import Computed
from tenetlang.analysis.regions import Variable, interval
from tenetlang.analysis.relations import Relations
from tenetlang.analysis.space import (
    EVERYTHING,
    FALSE_BIT,
    NOTHING,
    TRUE_BIT,
    All,
    Either,
    Masks,
    MemberGroup,
    Node,
    RelationGroup,
    Space,
    TermGroup,
    TextGroup,
)
from tenetlang.analysis.texts import Texts
from tenetlang.program import types as t
from tenetlang.program.expression import Expression

BUDGET: Final = 20_000
"""Times that one question may narrow a state."""


_TRIED_FOR_ONE: Final = 200
"""Parts of disjunctions that are looked at for the price of one narrowing."""


class OutOfBudget(Exception):
    """The question needs more cases than it may have."""


@attrs.define(eq=False)
class Search:
    """Answers questions in one space; remembers what it found out.

    `evaluate` gives the value of an expression that reads nothing, None where it errs.
    """

    space: Space
    evaluate: Callable[[Expression], object] = lambda _: None
    left: int = BUDGET
    children: dict[tuple[object, ...], bool] = attrs.field(factory=dict)
    texts: Texts = attrs.field(init=False)
    relations: Relations = attrs.field(init=False)
    computed: Computed = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.texts = Texts(self.space)
        self.relations = Relations(self.space)
        self.computed = Computed(self.space, self.evaluate)

    def initial(self) -> Masks:
        return [variable.initial for variable in self.space.variables]

    def leaves(self, nodes: Sequence[Node], masks: Masks | None = None) -> Iterator[Masks]:
        """The leaves under which all nodes hold, each once. Raises `OutOfBudget`."""
        start = self.initial() if masks is None else list(masks)
        open_nodes = self._narrowed(start, nodes)
        if open_nodes is not None:
            yield from self._branched(start, open_nodes)

    def possible(self, nodes: Sequence[Node], masks: Masks | None = None) -> bool:
        """Whether there is a leaf. Raises `OutOfBudget`."""
        return next(self.leaves(nodes, masks), None) is not None

    def _branched(self, masks: Masks, nodes: list[Either]) -> Iterator[Masks]:
        if not nodes:
            yield masks
            return
        chosen = min(nodes, key=lambda node: len(node.literals) + len(node.others))
        rest: list[Node] = [node for node in nodes if node is not chosen]
        before: list[tuple[int, int]] = []
        options: list[Node] = [*(All((literal,)) for literal in chosen.literals), *chosen.others]
        for option in options:
            inner = list(masks)
            unlike = [All(((number, self.space.variables[number].full & ~mask),)) for number, mask in before]
            open_nodes = self._narrowed(inner, [option, *unlike, *rest])
            if open_nodes is not None:
                yield from self._branched(inner, open_nodes)
            if isinstance(option, All) and len(option.literals) == 1 and not option.others:
                before.append(option.literals[0])

    # --------------------------------------------------------------------------------------------------------- narrowing

    def _narrowed(self, masks: Masks, nodes: Sequence[Node]) -> list[Either] | None:
        """Narrow the masks in place until nothing changes; what is left open, or None where nothing can hold."""
        self._spend(1)
        waiting: list[Node] = list(nodes)
        open_nodes: list[Either] = []
        dirty: set[int] = set()
        while True:
            changed = False
            tried = 0
            while waiting:
                node = waiting.pop()
                if isinstance(node, Either):
                    tried += len(node.others)
                    reduced = _reduced(node, masks)
                    if reduced is NOTHING:
                        return None
                    if isinstance(reduced, Either):
                        open_nodes.append(reduced)
                        continue
                    node = reduced
                for number, mask in node.literals:
                    known = masks[number]
                    if known & mask != known:
                        if not known & mask:
                            return None
                        masks[number] = known & mask
                        dirty.update(self.space.variables[number].groups)
                        changed = True
                waiting += node.others
            self._spend(tried // _TRIED_FOR_ONE)
            if not changed and dirty:
                narrowed = self._by_groups(masks, dirty)
                if narrowed is None:
                    return None
                changed = narrowed
            if not changed:
                return open_nodes
            waiting, open_nodes = list(open_nodes), []

    def _spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget

    def _by_groups(self, masks: Masks, dirty: set[int]) -> bool | None:
        """Whether a group narrowed something; None where one can't be. Groups that were asked are no longer dirty."""
        changed = False
        for number in sorted(dirty):
            dirty.discard(number)
            before = list(masks)
            if not self._by_group(masks, number):
                return None
            if masks != before:
                changed = True
                for variable, (old, new) in enumerate(zip(before, masks, strict=True)):
                    if old != new:
                        dirty.update(g for g in self.space.variables[variable].groups if g != number)
        return changed

    def _by_group(self, masks: Masks, number: int) -> bool:
        """Narrow by one group; False where nothing is left."""
        match self.space.groups[number]:
            case TextGroup() as group:
                before = self.texts.work
                narrowed = self.texts.narrow(masks, group)
                self._spend(self.texts.work - before)
                return narrowed
            case MemberGroup() as group:
                return self._members(masks, group, number)
            case TermGroup() as group:
                return self.computed.narrow(masks, group)
            case RelationGroup() as group:
                return self.relations.narrow(masks, group)

    # ----------------------------------------------------------------------------------------------------------- members

    def _members(self, masks: Masks, group: MemberGroup, number: int) -> bool:
        wanted = [place for place, (flag, _, _) in enumerate(group.somes) if masks[flag] == TRUE_BIT]
        refused = [place for place, (flag, _, _) in enumerate(group.somes) if masks[flag] == FALSE_BIT]
        for place in wanted:
            if not self.member_possible(masks, group, number, (place,), refused):
                return False
        if group.count is None:
            return True
        variable = self.space.variables[group.count]
        least, most = _least_and_most(variable, masks[group.count])
        if wanted and least == 0:
            masks[group.count] &= _at_least(variable, 1)
            least = 1
        if most is not None and most < len(wanted):
            needed = self._fewest(masks, group, number, wanted, refused, int(most))
            if needed is None:
                return False
            masks[group.count] &= _at_least(variable, needed)
        if not masks[group.count]:
            return False
        if least >= 1 and not wanted and not self.member_possible(masks, group, number, (), refused):
            return False
        distinct = self._distinct_members(masks, group, refused)
        if distinct is not None:
            masks[group.count] &= _at_most(variable, distinct)
        return masks[group.count] != 0

    def member_possible(
        self, masks: Masks, group: MemberGroup, number: int, wanted: Sequence[int], refused: Sequence[int]
    ) -> bool:
        """Whether there can be a member of which these bodies hold and those don't."""
        key = (number, tuple(wanted), tuple(refused), tuple(masks[outer] for outer in group.outside))
        known = self.children.get(key)
        if known is None:
            known = self.children[key] = next(self.member_leaves(masks, group, wanted, refused), None) is not None
        return known

    def member_leaves(
        self, masks: Masks, group: MemberGroup, wanted: Sequence[int], refused: Sequence[int]
    ) -> Iterator[Masks]:
        """The leaves for such a member, with the masks of all that is outside of it."""
        inner = list(masks)
        for variable in group.inside:
            inner[variable] = self.space.variables[variable].initial
        nodes = [group.somes[place][1] for place in wanted] + [group.somes[place][2] for place in refused]
        return self.leaves(nodes, inner)

    def _fewest(
        self, masks: Masks, group: MemberGroup, number: int, wanted: list[int], refused: list[int], most: int
    ) -> int | None:
        """The least number of members for what is wanted, one member counting for several; None for more than `most`."""

        def place(waiting: list[int], members: list[tuple[int, ...]]) -> int | None:
            self._spend(1)
            if not waiting:
                return len(members)
            first, *rest = waiting
            best: int | None = None
            for position, member in enumerate(members):
                joined = (*member, first)
                if self.member_possible(masks, group, number, joined, refused):
                    found = place(rest, [*members[:position], joined, *members[position + 1 :]])
                    best = found if best is None or (found is not None and found < best) else best
            if len(members) < most:
                found = place(rest, [*members, (first,)])
                best = found if best is None or (found is not None and found < best) else best
            return best

        return place(wanted, [])

    def _distinct_members(self, masks: Masks, group: MemberGroup, refused: list[int]) -> int | None:
        """How many members a set of few possible values can have at most."""
        element = self.space.by_key.get(group.element)
        if not isinstance(group.collection.type, t.SetType):
            return None
        of = group.collection.type.of
        literals = of.literals if isinstance(of, t.UnionType) else (False, True) if of == t.BOOL else None
        if literals is None:
            return None
        if element is None or not refused:
            return len(literals)
        found = 0
        for place in range(len(element.values)):
            inner = list(masks)
            for variable in group.inside:
                inner[variable] = self.space.variables[variable].initial
            inner[element.number] &= 1 << place
            if inner[element.number]:
                nodes = [group.somes[other][2] for other in refused]
                found += self.possible(nodes, inner)
        return found


def _reduced(node: Either, masks: Masks) -> Node:
    """The node without what can't hold any more: `EVERYTHING` or `NOTHING` where it is settled, an `All` where one part is left."""
    literals: list[tuple[int, int]] = []
    for literal in node.literals:
        number, mask = literal
        known = masks[number]
        if known & mask:
            if known & mask == known:
                return EVERYTHING
            literals.append(literal)
    others: list[Node] = []
    for other in node.others:
        settled = status(other, masks)
        if settled is True:
            return EVERYTHING
        if settled is None:
            others.append(other)
    if not literals and not others:
        return NOTHING
    if len(literals) + len(others) == 1:
        return (
            All(tuple(literals)) if literals else All((), tuple(others)) if isinstance(others[0], Either) else others[0]
        )
    if len(literals) == len(node.literals) and len(others) == len(node.others):
        return node
    return Either(tuple(literals), tuple(others))


def status(node: Node, masks: Masks) -> bool | None:
    """Whether the node holds under all choices of regions (True), under none (False), or neither is known."""
    decisive = isinstance(node, Either)  # one part that holds settles an `Either`, one that does not an `All`
    settled = True
    for number, mask in node.literals:
        known = masks[number]
        left = known & mask
        if left == known if decisive else not left:
            return decisive
        settled = settled and (not left if decisive else left == known)
    for other in node.others:
        found = status(other, masks)
        if found is decisive:
            return decisive
        settled = settled and found is not None
    return (not decisive) if settled else None


def _least_and_most(variable: Variable, mask: int) -> tuple[int, int | None]:
    if not mask:
        return 0, 0
    low, _, low_point = interval(variable, (mask & -mask).bit_length() - 1)
    _, high, high_point = interval(variable, mask.bit_length() - 1)
    assert low is None or isinstance(low, Fraction)
    assert high is None or isinstance(high, Fraction)
    least = 0 if low is None else int(low) + (0 if low_point else 1)
    return least, None if high is None else int(high) - (0 if high_point else 1)


def _at_least(variable: Variable, number: int) -> int:
    """The regions in which some number is at least this."""
    found = 0
    for region in range(variable.regions):
        _, high, point = interval(variable, region)
        assert high is None or isinstance(high, Fraction)
        if high is None or high - (0 if point else 1) >= number:
            found |= 1 << region
    return found


def _at_most(variable: Variable, number: int) -> int:
    found = 0
    for region in range(variable.regions):
        low, _, point = interval(variable, region)
        assert low is None or isinstance(low, Fraction)
        if low is None or low + (0 if point else 1) <= number:
            found |= 1 << region
    return found
