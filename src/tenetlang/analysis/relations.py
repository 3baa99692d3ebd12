"""Relations between terms: sums of numbers, and equal values, as the search narrows them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import attrs

from tenetlang.analysis.linear import Inequality, solution
from tenetlang.analysis.regions import Variable, bounds, interval, regions, step_of
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT, Masks, RelationGroup, Space
from tenetlang.program import expression as core


@attrs.define(eq=False)
class Relations:
    """What is known of the sums and equalities of one space."""

    space: Space
    sums: dict[tuple[object, ...], bool] = attrs.field(factory=dict)

    def narrow(self, masks: Masks, group: RelationGroup) -> bool:
        for flag, left, right in group.equal:
            if masks[flag] == TRUE_BIT | FALSE_BIT:
                continue
            if not self._equal(masks, left, right, equal=masks[flag] == TRUE_BIT):
                return False
        pinned = [(flag, atom) for flag, atom in group.linear if masks[flag] != TRUE_BIT | FALSE_BIT]
        if not pinned:
            return True
        key = tuple(masks[number] for number in (*group.variables, *(flag for flag, _ in group.linear)))
        known = self.sums.get(key)
        if known is None:
            known = self.sums[key] = self._sums_possible(masks, group)
        return known

    def _equal(self, masks: Masks, left: int, right: int, *, equal: bool) -> bool:
        one, other = self.space.variables[left], self.space.variables[right]
        if one.kind == "ordered":
            return True
        values = _constants_left(one, masks[left]), _constants_left(other, masks[right])
        if not equal:
            return not (values[0] is not None and len(values[0]) == 1 and values[0] == values[1])
        for variable, allowed in ((one, values[1]), (other, values[0])):
            if allowed is None:
                continue
            mask = 0
            for value in allowed:
                place = variable.places.get(value)
                if place is not None:
                    mask |= 1 << place
                elif variable.kind == "open":
                    mask |= variable.other
            masks[variable.number] &= mask
            if not masks[variable.number]:
                return False
        return True

    def inequalities(self, masks: Masks, group: RelationGroup) -> list[Inequality]:
        """What the masks say of the sums and the terms in them."""
        found: list[Inequality] = []
        used: set[int] = set()
        for flag, atom in group.linear:
            if masks[flag] == TRUE_BIT | FALSE_BIT:
                continue
            terms = {self.space.by_key[term].number: coefficient for term, coefficient in atom.terms}
            opposite = {number: -coefficient for number, coefficient in terms.items()}
            match atom.relation, masks[flag] == TRUE_BIT:
                case "==", True:
                    found += [Inequality(terms, atom.constant), Inequality(opposite, -atom.constant)]
                case "==", False:
                    continue
                case relation, True:
                    found.append(Inequality(terms, atom.constant, relation == "<"))
                case relation, False:
                    found.append(Inequality(opposite, -atom.constant, relation == "<="))
            used.update(terms)
        found = [self._tightened(item) for item in found]
        for number in sorted(used):
            found += self.limits(masks, number)
        return found

    def limits(self, masks: Masks, number: int) -> Iterator[Inequality]:
        """Between which numbers a variable lies, as far as its mask says."""
        variable = self.space.variables[number]
        low, high = first_and_last(self.space, variable, masks[number])
        if low is not None:
            yield self._tightened(Inequality({number: Fraction(-1)}, -low[0], low[1]))
        if high is not None:
            yield self._tightened(Inequality({number: Fraction(1)}, high[0], high[1]))

    def _tightened(self, item: Inequality) -> Inequality:
        """The inequality with the least constant that says the same of whole numbers, where it is about those."""
        whole = all(
            coefficient.denominator == 1 and self._is_whole(number) for number, coefficient in item.coefficients.items()
        )
        if not whole:
            return item
        return Inequality(
            item.coefficients, Fraction(math.ceil(item.constant) - 1 if item.strict else item.constant // 1)
        )

    def _is_whole(self, number: int) -> bool:
        term = self.space.variables[number].key
        return isinstance(term, core.Expression) and step_of(term) == 1

    def _sums_possible(self, masks: Masks, group: RelationGroup) -> bool:
        try:
            return solution(self.inequalities(masks, group), lambda _, low, high: _some_number(low, high)) is not None
        except OverflowError:
            return True


def _some_number(low: Fraction | None, high: Fraction | None) -> Fraction:
    return low if low is not None else high if high is not None else Fraction(0)


def first_and_last(
    space: Space, variable: Variable, mask: int
) -> tuple[tuple[Fraction, bool] | None, tuple[Fraction, bool] | None]:
    """The ends of the regions of an ordered variable: each the number, and whether it is left out itself."""
    term = variable.key
    low_region, high_region = (mask & -mask).bit_length() - 1, mask.bit_length() - 1
    low, _, low_point = interval(variable, low_region)
    _, high, high_point = interval(variable, high_region)
    least, most = bounds(space.shape, term)  # type: ignore[arg-type]  # an ordered variable is of a term
    found_low = (least, False) if low is None else (low, not low_point)
    found_high = (most, False) if high is None else (high, not high_point)
    one = None if not isinstance(found_low[0], Fraction) else (found_low[0], found_low[1])
    other = None if not isinstance(found_high[0], Fraction) else (found_high[0], found_high[1])
    return one, other


def _constants_left(variable: Variable, mask: int) -> list[object] | None:
    """The values of a mask without any that is no constant."""
    if variable.kind == "open" and mask & variable.other:
        return None
    return [variable.values[place] for place in regions(mask)]
