"""Covering a formula by regions: boxes of masks, each as large as it can be, until nothing is left.

A leaf of the search is a small box: masks under which the formula holds whatever is chosen. It is made larger, variable by
variable, as long as the formula can't fail in it; what is then dropped had nothing to do with the formula. The result is a
prime implicant of many-valued logic (W. V. Quine, 1955; in boxes as in R. S. Michalski's AQ, 1969): no part of it can be dropped
or widened. The next leaf is looked for outside of all boxes so far. When there is none, the boxes cover the formula
exactly, and that is proved. Boxes may overlap; each says all that it says of its own.

That the formula can't fail in a box is a proof by the search, so each request of a box satisfies the formula. That a box
has a request at all is for the evaluators to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from tenetlang.analysis.regions import Variable, regions
from tenetlang.analysis.search import Search, status
from tenetlang.analysis.space import EVERYTHING, NOTHING, All, Either, Masks, Node


@attrs.frozen(eq=False)
class Covering:
    """One formula to be covered. `parts` are where it can hold: in one of them; `holds` is the formula itself, and `fails` the ways in which
    it may not hold. `always` holds of all requests that count. `order` says which restrictions to drop first: the smallest.

    The parts are gone through one by one: in each most of what the formula says is settled, and is left out of the search.
    """

    search: Search
    parts: Sequence[Node]
    holds: Node
    fails: list[Node]
    always: Sequence[Node]
    order: Callable[[Variable], int]
    budget: int

    def boxes(self) -> Iterator[tuple[Masks, Masks]]:
        """Boxes with the leaf in which each was found, until all is covered. Raises `OutOfBudget`."""
        outside: list[Node] = []
        for part in self.parts:
            start = self._start(part)
            nodes = [part, *(simplified(node, start) for node in (*self.always, self.holds))]
            while NOTHING not in nodes:
                self.search.left = self.budget
                others = [simplified(node, start) for node in outside]
                if NOTHING in others:
                    break
                leaf = next(self.search.leaves([*nodes, *others], start), None)
                if leaf is None:
                    break
                box = self.widened(leaf)
                yield box, leaf
                outside.append(self._outside(box))

    def inside(self, box: Masks) -> Iterator[Masks]:
        """The leaves within a box. Raises `OutOfBudget`."""
        self.search.left = self.budget
        return self.search.leaves([*self.always, self.holds], box)

    def _start(self, part: Node) -> Masks:
        """The masks to which the literals of the part lead at once."""
        masks = self.search.initial()
        if isinstance(part, All):
            for number, mask in part.literals:
                masks[number] &= mask
        return masks

    def widened(self, leaf: Masks) -> Masks:
        """The leaf, made as large as the formula allows. Raises `OutOfBudget`."""
        variables = self.search.space.variables
        box = list(leaf)
        narrow = [variable for variable in variables if box[variable.number] != variable.initial]
        for variable in sorted(narrow, key=lambda item: (self.order(item), item.number)):
            missing = list(regions(variable.initial & ~box[variable.number]))
            self._add(box, variable.number, missing)
        return box

    def _add(self, box: Masks, number: int, missing: Sequence[int]) -> None:
        """Add of the regions as many as may be; those that may not be added once may never be."""
        if not missing:
            return
        before = box[number]
        for region in missing:
            box[number] |= 1 << region
        if self._certain(box):
            return
        box[number] = before
        if len(missing) > 1:
            half = len(missing) // 2
            self._add(box, number, missing[:half])
            self._add(box, number, missing[half:])

    def _certain(self, box: Masks) -> bool:
        """Whether the formula holds in all of the box."""
        self.search.left = self.budget
        for place, node in enumerate(self.fails):
            if status(node, box) is not False and self.search.possible([*self.always, node], box):
                # What stood in the way once is likely to do so again.
                self.fails.insert(0, self.fails.pop(place))
                return False
        return True

    def _outside(self, box: Masks) -> Node:
        """Not in the box."""
        variables = self.search.space.variables
        left_out = [
            (variable.number, variable.initial & ~box[variable.number])
            for variable in variables
            if box[variable.number] != variable.initial
        ]
        return Either(tuple(left_out))


def simplified(node: Node, masks: Masks) -> Node:
    """What the node still says under the masks."""
    decisive = isinstance(node, Either)  # one part that holds settles an `Either`, one that does not an `All`
    settling, neutral = (EVERYTHING, NOTHING) if decisive else (NOTHING, EVERYTHING)
    literals: list[tuple[int, int]] = []
    others: list[Node] = []
    for number, mask in node.literals:
        known = masks[number]
        left = known & mask
        if (left == known) if decisive else not left:
            return settling
        if left and left != known:
            literals.append((number, mask))
    for other in node.others:
        found = simplified(other, masks)
        if found == settling:
            return settling
        if found != neutral:
            others.append(found)
    if not literals and not others:
        return neutral
    return Either(tuple(literals), tuple(others)) if decisive else All(tuple(literals), tuple(others))
