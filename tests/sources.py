"""From the text of a policy to what tests look at."""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang import pipeline
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text


def program_of(*sources: str, entry: str | None = None) -> Program:
    """The checked program of these files; fails where one has an error."""
    texts = [Text(f"{number}.tenet" if number else "policy.tenet", source) for number, source in enumerate(sources)]
    compiled = pipeline.compile_texts(texts, standard_library(), entry)
    wrong = [f"{f.check} at {f.at.place}: {dict(f.details)}" for f in compiled.findings if severity_of(f) == "error"]
    assert not wrong, "\n".join(wrong)
    assert compiled.program is not None
    return compiled.program


def both(
    *sources: str, documents: Mapping[str, object] | None = None, entry: str | None = None
) -> tuple[Evaluator, Reference]:
    """The generated evaluator and the reference, for the same program and documents."""
    program = program_of(*sources, entry=entry)
    evaluator = Evaluator(build(program), documents or {})
    return evaluator, Reference(program, documents or {}, evaluator.digest)


def lists_with_one_hash(count: int) -> list[list[int]]:
    """What `hash` of a tuple of two numbers computes, solved for the second of them."""
    word, found, first, goal = 2**64, [[0, 7]], 0, 0
    while len(found) < count:
        state = (2870177450012600261 + first * 14029467366897019727) % word
        state = (state << 31 | state >> 33) % word * 11400714785074694791 % word
        goal = goal or state + 7 * 14029467366897019727
        second = (goal - state) * pow(14029467366897019727, -1, word) % word
        second -= word if second >= 2**63 else 0
        if first and abs(second) < 2**61 - 1:
            found.append([first, second])
        first += 1
    return found
