"""Tries tests that were written for an author: what is shown to people has been parsed, checked and passed before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import attrs

from tenetlang.frozen import frozen
from tenetlang.program.program import Program, TestCase
from tenetlang.project.project import Project
from tenetlang.report.words import severity_of
from tenetlang.testing.run import run_tests
from tenetlang.text import Text

NAME: Final = "~written.tenet"
"""The name of the file that is tried; no file of a project is called so."""
_ROUNDS: Final = 3


@frozen
class Trial:
    """What came of some declarations. `program` is the one with all that checks; `cases` are the tests that pass, by the number of
    their text, and `refused` says what is wrong with the others."""

    program: Program | None
    cases: dict[int, TestCase]
    refused: dict[int, str]


def tried(project: Project, package: str, texts: Sequence[str], head: str = "") -> Trial:
    """Each text is one test of the package; `head` are declarations that stand before them."""
    refused: dict[int, str] = {}
    for _ in range(_ROUNDS):
        kept = [number for number in range(len(texts)) if number not in refused]
        content, starts = _file(package, head, [texts[number] for number in kept])
        result = attrs.evolve(project, texts=(*project.texts, Text(NAME, content))).compile(package)
        wrong = {
            kept[max(0, bisect_right(starts, finding.at.start) - 1)]: finding.check
            for finding in result.findings
            if finding.at.text.name == NAME and severity_of(finding) == "error" and kept
        }
        refused.update(wrong)
        if wrong:
            continue
        if result.program is None or result.broken:
            break
        return _run(result.program, kept, starts, refused)
    return Trial(None, {}, {number: refused.get(number, "syntax-error") for number in range(len(texts))})


def passes(project: Project, package: str, content: str) -> bool:
    """Whether a whole file of tests checks and passes."""
    result = attrs.evolve(project, texts=(*project.texts, Text(NAME, content))).compile(package)
    if result.program is None or result.broken:
        return False
    return all(found.status == "passed" for found in run_tests(result.program, _is_tried))


def _file(package: str, head: str, texts: Sequence[str]) -> tuple[str, list[int]]:
    content = f"package {package}\n\n{head}"
    starts: list[int] = []
    for text in texts:
        starts.append(len(content))
        content += text + "\n"
    return content, starts


def _run(program: Program, kept: Sequence[int], starts: Sequence[int], refused: dict[int, str]) -> Trial:
    cases: dict[int, TestCase] = {}
    numbers = {case.name: kept[bisect_right(starts, case.at.start) - 1] for case in program.tests if _is_tried(case)}
    failed = {result.name for result in run_tests(program, _is_tried) if result.status != "passed"}
    for case in program.tests:
        if _is_tried(case):
            if case.name in failed:
                refused[numbers[case.name]] = "failed"
            else:
                cases[numbers[case.name]] = case
    return Trial(program, cases, refused)


def _is_tried(case: TestCase) -> bool:
    return case.at.text.name == NAME
