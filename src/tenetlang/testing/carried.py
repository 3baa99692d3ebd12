"""A program's tests as a bundle carries them: calls, and what must come of each, for evaluators that have no compiler.

A test that replaces a function is one of another program, and one that calls nothing asks for no decision: these stay behind and are
counted. Each of the others becomes a call for each of its rows, with the documents that it says, and with what the evaluator
decides; that this is what the test expects is for whoever builds to have seen first (`run`).
"""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.audit.canonical import canonical_bytes
from tenetlang.bundle.active import summary
from tenetlang.bundle.contents import Example
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.program.program import Program, TestCase
from tenetlang.testing.requests import situation
from tenetlang.testing.run import scope_of, shown_row


def carried(program: Program, evaluator: Evaluator) -> tuple[tuple[Example, ...], int]:
    """The tests of the package that decides, and how many rows of them stay behind. `evaluator` is of this program.

    All of them have passed: raises what `run_tests` would have reported.
    """
    taken: list[Example] = []
    left_out = 0
    for case in program.tests:
        if case.package == program.entry:
            for row in range(len(case.rows)):
                example = _example(program, evaluator, case, row)
                if example is None:
                    left_out += 1
                else:
                    taken.append(example)
    return tuple(taken), left_out


def _example(program: Program, evaluator: Evaluator, case: TestCase, row: int) -> Example | None:
    scope = scope_of(program, case, row)
    described = situation(program, case, scope)
    if described.program is not program or (case.tool is None and program.uses_tools):
        return None
    call = _json(described.request)
    decision = (evaluator.with_documents(described.documents) if described.documents else evaluator).decide_json(call)
    verdict, decided_by, asks, obligations = summary(decision)
    says_why = any(expectation.because is not None for expectation in case.expectations)
    return Example(
        case.name,
        shown_row(scope, case),
        case.at.place,
        call,
        _json(described.documents),
        verdict,
        decided_by,
        asks,
        obligations,
        decision.reason if says_why else None,
    )


def _json(value: Mapping[str, object]) -> str:
    """The JSON text of a value, with every digit of its numbers."""
    return canonical_bytes(value, "keep").decode()
