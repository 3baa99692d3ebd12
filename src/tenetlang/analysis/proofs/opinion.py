"""A second opinion: what the search leaves undecided is put to an SMT solver; for a cross-check, so is everything else.

The solver's *no* is a proof, since `smt.py` never says more than the formula. Its *yes* comes with values for parts of the
request. The search is asked again with these as constants, so that it computes what it could not before, and its
witness has been shown to the evaluators like any other. Values that lead to no witness are refused, and the solver is asked
for others, a few times.

A *disagreement* is a no of one side where the other has a witness: an error of this project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Final, TypeVar

import attrs

from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.formulas import Among, Formula, Formulas
from tenetlang.analysis.proofs.smt import Script, script_of
from tenetlang.analysis.proofs.solver import MILLISECONDS, Value, ask
from tenetlang.analysis.questions import Undecided
from tenetlang.analysis.shape import Shape, plain
from tenetlang.program import types as t

MOST_MODELS: Final = 3

Answer = TypeVar("Answer")


class CrossCheckFailed(AssertionError):
    """The search and the solver contradict each other."""


@attrs.define(eq=False)
class SecondOpinion:
    """Asks the solver. `everything`: also what the search has settled. `asked`, `settled` and `confirmed` count the questions
    that were put to it, those that it settled where the search had not, and those where both said the same."""

    everything: bool = False
    milliseconds: int = MILLISECONDS
    asked: int = 0
    settled: int = 0
    confirmed: int = 0

    def of(
        self,
        shape: Shape,
        formulas: Formulas,
        formula: Formula,
        found: Answer | Undecided | None,
        again: Callable[[Formula], Answer | Undecided | None],
    ) -> Answer | Undecided | None:
        """The answer to the question whether the formula can hold, to which the search has `found` one; `again` asks it.

        Raises `NoSolver`, `CrossCheckFailed`.
        """
        undecided = isinstance(found, Undecided)
        if not undecided and not self.everything:
            return found
        self.asked += 1
        answer = self._answer(shape, formulas, formula, again)
        if isinstance(answer, Undecided):
            return found
        if undecided:
            self.settled += 1
            return answer
        if (answer is None) != (found is None):
            raise CrossCheckFailed(f"the search found {found}, the solver {answer}")
        self.confirmed += 1
        return found

    def _answer(
        self,
        shape: Shape,
        formulas: Formulas,
        formula: Formula,
        again: Callable[[Formula], Answer | Undecided | None],
    ) -> Answer | Undecided | None:
        try:
            script = script_of(shape, formula)
        except RecursionError:
            return Undecided("too-large")
        refused = ""
        for _ in range(MOST_MODELS):
            names = [name for _, name in script.asked]
            verdict, values = ask(script.text + refused, names, self.milliseconds)
            if verdict == "unsat" and not refused:
                return None
            if verdict != "sat" or not values:
                break
            constants = [formulas.literal(atom) for atom in _constants(script, values)]
            found = again(formulas.all_of([formula, *constants]))
            if found is not None and not isinstance(found, Undecided):
                return found
            refused += _refusal(script, values)
        return Undecided("not-shown")


def _constants(script: Script, values: Mapping[str, Value]) -> Iterator[Among]:
    """That the terms have the solver's values, where these are values of their types."""
    for term, name in script.asked:
        value = _as_constant(plain(term.type), values.get(name))
        if value is not None:
            yield Among(term, (value,))


def _as_constant(type_: t.Type, value: Value | None) -> object | None:
    match type_, value:
        case t.UnionType(literals), str():
            return value if value in literals else None
        case t.Scalar("bool"), bool():
            return value
        case t.Scalar("string"), str():
            return value
        case t.Scalar("int" | "decimal" | "time" | "duration"), Fraction():
            return in_type(type_, value)
        case _:
            return None


def _refusal(script: Script, values: Mapping[str, Value]) -> str:
    """That not all of the terms have these values again."""
    same = [f"(= {name} {_spelled(values[name])})" for _, name in script.asked if name in values]
    return f"(assert (not (and true {' '.join(same)})))\n"


def _spelled(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Fraction(numerator=over, denominator=under):
            size = str(abs(over)) if under == 1 else f"(/ {abs(over)}.0 {under}.0)"
            return size if over >= 0 else f"(- {size})"
        case str():
            return '"' + "".join(f"\\u{{{ord(character):x}}}" for character in value) + '"'
