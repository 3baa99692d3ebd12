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
