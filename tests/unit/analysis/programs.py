"""Programs for tests of the analysis, from their text."""

from __future__ import annotations

from tenetlang import pipeline
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text


def checked(content: str, entry: str | None = None) -> Program:
    """The program of a policy without errors."""
    found = pipeline.compile_texts([Text("policy.tenet", content)], standard_library(), entry)
    assert not [f for f in found.findings if severity_of(f) == "error"], found.findings
    assert found.program is not None
    return found.program
