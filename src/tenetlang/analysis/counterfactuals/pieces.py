"""Parts of a request for a leaf of the search, one by one: for those who keep the rest of a request as it is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.choosing import Chooser, Frame
from tenetlang.analysis.models import Maker
from tenetlang.analysis.search import Search
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT, Masks
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program

LEFT_OUT: Final = object()
"""Stands where a part of a request would be."""


@attrs.frozen(eq=False)
class Pieces:
    """Parts of a request for a leaf, one by one: their values are chosen together."""

    maker: Maker
    frame: Frame

    def part(self, path: tuple[str, ...]) -> object:
        """What stands at the path, as JSON; `LEFT_OUT` where nothing does. Raises `NoModel`, `OutOfBudget`."""
        declared = self.maker.space.shape.field(path)
        term = self.maker.space.shape.read(path, t.JSON)
        if declared is None or (declared.optional and not self.maker.is_there(self.frame, term)):
            return LEFT_OUT
        if path[0] == "origins" and len(path) == 2:
            return self.maker.origin(self.frame, path[1])
        return self.maker.construct(self.frame, term, declared.refinement)

    def value(self, term: Expression) -> object:
        """The value of a term, as JSON. Raises `NoModel`, `OutOfBudget`."""
        return self.maker.construct(self.frame, term)

    def members(self, collection: Expression, met: frozenset[int]) -> list[tuple[object, object]]:
        """Keys and members, as JSON, that the collection has to have beside those that see to the variables in `met`."""
        masks = [mask | TRUE_BIT | FALSE_BIT if number in met else mask for number, mask in enumerate(self.frame.masks)]
        return self.maker.made_members(attrs.evolve(self.frame, masks=masks), collection)


def pieces(
    program: Program,
    search: Search,
    masks: Masks,
    variant: int,
    *,
    fixed: Mapping[int, object],
    wishes: Mapping[Expression, Fraction],
) -> Pieces:
    """The parts of a request for the leaf, with these values of its variables, and numbers near to the `wishes`."""
    maker = Maker(Chooser(program, search, variant, wishes))
    return Pieces(maker, maker.chooser.frame(masks, fixed, frozenset()))
