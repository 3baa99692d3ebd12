"""Terms that only an evaluator can compute: where few values are left for what they are computed from, each is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Final

import attrs

from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.regions import Variable, address, region_of, regions
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.analysis.space import Masks, Space, TermGroup
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression

MOST_COMBINATIONS: Final = 64


@attrs.define(eq=False)
class Computed:
    """What is known of the computed terms of one space."""

    space: Space
    evaluate: Callable[[Expression], object]
    known: dict[tuple[object, ...], object] = attrs.field(factory=dict)

    def narrow(self, masks: Masks, group: TermGroup) -> bool:
        """Narrow the term to the values that its inputs give, and the inputs to those that give one; False for none."""
        inputs = [self.space.variables[number] for number in group.inputs]
        choices = [self._values(variable, masks[variable.number]) for variable in inputs]
        combinations = 1
        for choice in choices:
            combinations *= MOST_COMBINATIONS + 1 if choice is None else len(choice)
        if combinations > MOST_COMBINATIONS:
            return True
        variable = self.space.variables[group.variable]
        allowed, kept = 0, [0 for _ in inputs]
        for combination in product(*(choice for choice in choices if choice is not None)):
            value = self._value(group, inputs, combination)
            bits = variable.full if value is None else 1 << region_of(variable, value)
            if bits & masks[variable.number]:
                allowed |= bits
                for place, (given, region) in enumerate(zip(inputs, combination, strict=True)):
                    kept[place] |= 1 << region
                    assert given.number == inputs[place].number
        masks[variable.number] &= allowed
        for given, mask in zip(inputs, kept, strict=True):
            masks[given.number] &= mask
        return masks[variable.number] != 0 and all(masks[given.number] for given in inputs)

    def _values(self, variable: Variable, mask: int) -> list[int] | None:
        """The regions that are left, if each is a single value."""
        found = list(regions(mask))
        match variable.kind:
            case "finite":
                return found
            case "open":
                return None if mask & variable.other else found
            case "ordered":
                return found if all(region % 2 for region in found) else None

    def _value(self, group: TermGroup, inputs: list[Variable], combination: tuple[int, ...]) -> object:
        """The value of the term; None where it errs, or where there is no telling."""
        key = (group.variable, combination)
        if key not in self.known:
            given: dict[object, core.Constant] = {
                variable.key: constant_in(variable, region)
                for variable, region in zip(inputs, combination, strict=True)
            }
            self.known[key] = self.evaluate(substituted(group.term, given))
        return self.known[key]


def constant_in(variable: Variable, region: int) -> core.Constant:
    """The value of a region that has one, as a constant."""
    term = variable.key
    assert isinstance(term, core.Expression)
    type_ = plain(term.type)
    value = variable.values[region // 2 if variable.kind == "ordered" else region]
    if isinstance(value, Fraction):
        value = address(value) if type_ == t.IP else in_type(type_, value)
    return core.Constant(value, type_, NOWHERE)


def substituted(term: Expression, given: Mapping[object, core.Constant]) -> Expression:
    """The term with constants for the parts from which it is computed."""
    match term:
        case core.Operate(operands=operands):
            return attrs.evolve(term, operands=tuple(_each(operands, given)))
        case core.Builtin(arguments=arguments):
            return attrs.evolve(term, arguments=tuple(_each(arguments, given)))
        case core.Widen(of):
            return attrs.evolve(term, of=substituted(of, given))
        case _:
            return given.get(term, term)


def _each(terms: tuple[Expression, ...], given: Mapping[object, core.Constant]) -> Iterator[Expression]:
    return (substituted(term, given) for term in terms)
