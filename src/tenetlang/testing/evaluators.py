"""The two evaluators of a program and of its variants, each made once: a test's `with f(x) = …` makes another program."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.program.program import Program


@attrs.frozen
class Pair:
    """The evaluator that decides, and the reference that it is compared with, for one program and its documents."""

    evaluator: Evaluator
    reference: Reference


@attrs.define
class Evaluators:
    """Makes pairs for one program and those that differ from it in functions; keeps its own and the latest other."""

    program: Program
    own: Pair | None = None
    other: Pair | None = None

    def pair(self, program: Program, documents: Mapping[str, object]) -> Pair:
        """The evaluators of the program with these documents, by `package.name`. Raises `DataError`."""
        replaced = program.functions != self.program.functions
        kept = self.other if replaced else self.own
        if kept is None or kept.reference.program.functions != program.functions:
            evaluator = Evaluator(build(program), documents)
            made = Pair(evaluator, Reference(program, documents, evaluator.digest, evaluator.reader))
        else:
            made = Pair(kept.evaluator.with_documents(documents), kept.reference.with_documents(documents))
        if replaced:
            self.other = made
        else:
            self.own = made
        return made
