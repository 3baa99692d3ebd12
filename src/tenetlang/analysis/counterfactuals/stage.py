"""One request in the space of all requests for its tool: what of it stays, and what may be otherwise.

The space is that of the rules, with each value that the request has as one more constant: so the region of a number or a text
is that value alone. The variables that depend on no part that may change are fixed to their regions, all others are free;
whether some formula can then hold is a question that the search answers, and its no is a proof.

What never changes at this stage (documents; facts, where only arguments change) is known in the program already
(`specialise.py`), as far as it is small. What is too large for that is fixed as all else is, which proves less: what a
document says of a *changed* argument is then unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.counterfactuals.actual import Situation, Untold, as_constant, region
from tenetlang.analysis.counterfactuals.changeable import Part, all_but, depends, known_documents, known_facts, parts_of
from tenetlang.analysis.counterfactuals.reducing import Reducing
from tenetlang.analysis.counterfactuals.specialise import specialised
from tenetlang.analysis.formulas import Formula, TooLarge
from tenetlang.analysis.making import space_of
from tenetlang.analysis.questions import Analysis, Judge, Scene
from tenetlang.analysis.regions import line
from tenetlang.analysis.search import OutOfBudget, Search
from tenetlang.analysis.shape import Shape
from tenetlang.analysis.space import Masks, Node
from tenetlang.program import expression as core
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program
from tenetlang.values.collections import Record

EACH: Final = 2_000
"""Times that one question may narrow a state."""


@attrs.define(eq=False)
class Stage:
    """A request, the parts of it that may change, and the variables that depend on each. `fixed` and `values` are the
    region and the value of each variable for the request as it is, where they are known."""

    program: Program
    scene: Scene
    search: Search
    situation: Situation
    parts: tuple[Part, ...]
    dependent: tuple[frozenset[int], ...]
    fixed: Mapping[int, int]
    values: Mapping[int, object]
    reducing: Reducing
    left: dict[tuple[Formula, frozenset[int]], Node] = attrs.field(factory=dict)

    def node(self, formula: Formula, changing: frozenset[int] | None) -> Node:
        """The formula as conditions on the variables; or what is left of it where only these parts change."""
        if changing is None:
            return self.search.space.node(formula)
        found = self.left.get((formula, changing))
        if found is None:
            found = self.reducing.reduced(self.search.space.node(formula), changing)
            self.left[formula, changing] = found
        return found

    def masks(self, changing: frozenset[int], fixed: Mapping[int, int] | None = None) -> Masks:
        """The masks where these parts are free, and all else is as it is (or as `fixed` says)."""
        known = self.fixed if fixed is None else fixed
        return [
            variable.initial
            if variable.number not in known or self.dependent[variable.number] & changing
            else known[variable.number]
            for variable in self.search.space.variables
        ]

    def possible(self, formula: Formula, masks: Masks, changing: frozenset[int] | None = None) -> bool | None:
        """Whether the formula can hold under the masks, which may differ from the request in nothing but what is `changing`;
        None where that is too much to ask."""
        self.search.left = EACH
        try:
            return self.search.possible([self.node(formula, changing)], masks)
        except (OutOfBudget, RecursionError):
            return None

    def leaves(self, formula: Formula, masks: Masks, changing: frozenset[int]) -> Iterator[Masks]:
        """The leaves under the masks, as far as the budget goes."""
        self.search.left = EACH
        try:
            yield from self.search.leaves([self.node(formula, changing)], masks)
        except (OutOfBudget, RecursionError):
            return

    def wishes(self) -> dict[Expression, Fraction]:
        """Where the numbers of the request are now."""
        found: dict[Expression, Fraction] = {}
        for number, value in self.values.items():
            variable = self.search.space.variables[number]
            if variable.kind == "ordered" and isinstance(variable.key, core.Expression):
                place = line(value)
                if isinstance(place, Fraction):
                    found[variable.key] = place
        return found


def stage_of(
    program: Program,
    judge: Judge,
    situation: Situation,
    *,
    only_arguments: bool = False,
    exactly: Sequence[Part] | None = None,
) -> Stage | None:
    """The stage on which the arguments, or all parts of the request, may change, or `exactly` these, which is the most exact;
    None where the rules are too large."""
    inputs = situation.inputs
    tool = inputs.get("tool")
    assert tool is None or isinstance(tool, str)
    shape = Shape(program, tool)
    known = known_documents(situation.data)
    if exactly is not None:
        known |= all_but(inputs, shape, exactly)
    elif only_arguments:
        known |= known_facts(shape, inputs)
    for each in (known, {}):
        special = specialised(program, tool, each, approved_by(inputs), judge.constant)
        scene = Analysis(special, judge).scene(tool)
        if isinstance(scene, Scene):
            parts = exactly or parts_of(shape, inputs, only_arguments=only_arguments)
            try:
                return _staged(special, scene, situation, parts)
            except (TooLarge, RecursionError):
                return None
    return None


def approved_by(inputs: Mapping[str, object]) -> frozenset[str]:
    """The reviewers who have approved of the request."""
    approvals = inputs.get("approvals", ())
    assert isinstance(approvals, tuple)
    return frozenset(str(item["reviewers"]) for item in approvals if isinstance(item, Record))


def _staged(program: Program, scene: Scene, situation: Situation, parts: Sequence[Part]) -> Stage:
    formulas = [formula for item in scene.decided.rules for formula in (item.holds, item.errs)]
    formulas += scene.decided.verdicts.values()
    shape = scene.lowering.shape
    plain_space = space_of(shape, formulas)
    atoms = []
    for variable in plain_space.variables:
        if isinstance(variable.key, core.Expression) and not variable.elements:
            value = _value(situation, variable.key)
            atom = None if value is None else as_constant(variable.key, value)
            if atom is not None:
                atoms.append(scene.formulas.literal(atom))
    space = space_of(shape, [*formulas, *atoms])
    dependent = tuple(
        frozenset(place for place, part in enumerate(parts) if depends(variable.key, part))
        for variable in space.variables
    )
    used = frozenset[int]().union(*dependent)
    # What nobody understands may have to do with any part.
    unknown = any(isinstance(variable.key, core.Local) and variable.key.name[0] == "?" for variable in space.variables)
    kept = [place for place in range(len(parts)) if unknown or place in used]
    renumbered = {old: new for new, old in enumerate(kept)}
    fixed: dict[int, int] = {}
    values: dict[int, object] = {}
    for variable in space.variables:
        mask = region(situation, variable)
        if mask is not None:
            fixed[variable.number] = mask
            if isinstance(variable.key, core.Expression):
                values[variable.number] = situation.value(variable.key, {})
    depending = tuple(frozenset(renumbered[place] for place in each) for each in dependent)
    changeable = tuple(parts[place] for place in kept)
    reducing = Reducing(depending, fixed)
    return Stage(program, scene, Search(space), situation, changeable, depending, fixed, values, reducing)


def regions_at(stage: Stage, situation: Situation) -> dict[int, int]:
    """The region of each variable for another request, where it is known."""
    found = ((variable.number, region(situation, variable)) for variable in stage.search.space.variables)
    return {number: mask for number, mask in found if mask is not None}


def _value(situation: Situation, term: Expression) -> object:
    try:
        return situation.value(term, {})
    except Untold:
        return None
